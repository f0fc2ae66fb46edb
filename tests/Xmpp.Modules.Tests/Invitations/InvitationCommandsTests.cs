using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Invitations;
using Xmpp.Modules.Registration;
using Xmpp.Modules.Tests.Registration;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests.Invitations;

/// <summary>XEP-0401: invitations by command.</summary>
public sealed class InvitationCommandsTests
{
    private const string Invite = "urn:xmpp:invite#invite";
    private const string CreateAccount = "urn:xmpp:invite#create-account";

    private static readonly InvitationOptions Everybody = new() { Inviters = Inviters.Everybody };

    [Fact]
    public async Task Who_may_invites_a_contact_at_once()
    {
        await using var server = await Inviting.StartAsync(options: Everybody);
        var romeo = await server.ConnectAsync("romeo");

        var form = (await romeo.CommandAsync("localhost", Invite)).Command("completed").Form();

        Assert.Equal((DataFormType.Result, "urn:xmpp:invite#invitation"), (form.Type, form.FormType));
        Assert.Equal(["FORM_TYPE", "uri", "expire"], form.Fields.Select(field => field.Var));
        Assert.Matches("^xmpp:romeo@localhost\\?roster;preauth=[A-Za-z0-9]{24};ibr=y$", form.Value("uri"));
        Assert.Equal("2026-01-08T00:00:00Z", form.Value("expire"));
    }

    [Fact]
    public async Task Where_the_invited_make_no_accounts_the_uri_does_not_say_so_and_no_command_does()
    {
        await using var server = await Inviting.StartAsync(RegistrationAccess.Closed);
        var lord = await server.ConnectAsync("lord");

        var form = (await lord.CommandAsync("localhost", Invite)).Command("completed").Form();

        Assert.Matches("^xmpp:lord@localhost\\?roster;preauth=[A-Za-z0-9]{24}$", form.Value("uri"));
        StanzaErrorCondition? Condition(Core.Xml.Element answer) => StanzaError.Parse(answer)?.Condition;
        Assert.Equal(StanzaErrorCondition.ItemNotFound, Condition(await lord.CommandAsync("localhost", CreateAccount)));
    }

    [Fact]
    public async Task A_page_that_explains_is_shown_when_there_is_one()
    {
        await using var server = await Inviting.StartAsync(options: Everybody with { LandingPage = "https://join.example.org/#" });
        var romeo = await server.ConnectAsync("romeo");

        var form = (await romeo.CommandAsync("localhost", Invite)).Command("completed").Form();

        Assert.Equal($"https://join.example.org/#{form.Value("uri")!["xmpp:".Length..]}", form.Value("landing-url"));
    }

    [Theory]
    [InlineData(Inviters.Administrators, "romeo", Invite, false)]
    [InlineData(Inviters.Administrators, "romeo", CreateAccount, false)]
    [InlineData(Inviters.Administrators, "lord", Invite, true)]
    [InlineData(Inviters.Administrators, "lord", CreateAccount, true)]
    [InlineData(Inviters.Everybody, "romeo", Invite, true)]
    [InlineData(Inviters.Everybody, "romeo", CreateAccount, false)]
    public async Task Who_may_is_configured_and_accounts_are_the_administrators_affair(
        Inviters inviters, string name, string command, bool mayInvite)
    {
        await using var server = await Inviting.StartAsync(options: new() { Inviters = inviters });
        var client = await server.ConnectAsync(name);

        var answer = await client.CommandAsync("localhost", command);

        Assert.Equal(mayInvite ? null : StanzaErrorCondition.Forbidden, StanzaError.Parse(answer)?.Condition);
    }

    [Fact]
    public async Task An_account_has_only_so_many_that_are_not_used()
    {
        await using var server = await Inviting.StartAsync(options: Everybody with { MaxPerAccount = 2 });
        var (romeo, juliet) = (await server.ConnectAsync("romeo"), await server.ConnectAsync("juliet"));
        (await romeo.CommandAsync("localhost", Invite)).Command("completed");
        (await romeo.CommandAsync("localhost", Invite)).Command("completed");

        var refused = StanzaError.Parse(await romeo.CommandAsync("localhost", Invite));

        Assert.Equal((StanzaErrorCondition.ResourceConstraint, StanzaErrorType.Wait), (refused!.Condition, refused.Type));
        (await juliet.CommandAsync("localhost", Invite)).Command("completed");
        server.Time.Advance(TimeSpan.FromDays(7));
        romeo = await server.ConnectAsync("romeo");
        (await romeo.CommandAsync("localhost", Invite)).Command("completed");
    }

    [Theory]
    [InlineData("", "^xmpp:localhost\\?register;preauth=[A-Za-z0-9]{24}$")]
    [InlineData("Juliet", "^xmpp:juliet@localhost\\?register;preauth=[A-Za-z0-9]{24}$")]
    public async Task An_administrator_invites_to_make_an_account(string username, string uri)
    {
        await using var server = await Inviting.StartAsync();
        var lord = await server.ConnectAsync("lord");
        var asked = (await lord.CommandAsync("localhost", CreateAccount)).Command("executing");
        Assert.Equal(["username", "roster-subscription"], asked.Form().Fields.Select(field => field.Var));

        var form = (await lord.CommandAsync(
            "localhost", CreateAccount, asked["sessionid"], "complete", Username(username))).Command("completed").Form();

        Assert.Matches(uri, form.Value("uri"));
        var guest = await server.ArriveAsync(form.Value("uri")![^24..]);
        await guest.RegisterAsync("juliet");
        await guest.ExpectRegisteredAsync();
    }

    [Theory]
    [InlineData("romeo", StanzaErrorCondition.Conflict)]
    [InlineData("reserved", StanzaErrorCondition.Conflict)]
    [InlineData("a@b", StanzaErrorCondition.NotAcceptable)]
    public async Task A_name_that_is_taken_or_none_can_be_tried_again(string username, StanzaErrorCondition condition)
    {
        await using var server = await Inviting.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        await server.InviteAsync(Inviting.Wish with { Username = "reserved" });
        var lord = await server.ConnectAsync("lord");
        var id = (await lord.CommandAsync("localhost", CreateAccount)).Command("executing")["sessionid"];

        var refused = await lord.CommandAsync("localhost", CreateAccount, id, "complete", Username(username));

        Assert.Equal(condition, StanzaError.Parse(refused)?.Condition);
        (await lord.CommandAsync("localhost", CreateAccount, id, "complete", Username("juliet"))).Command("completed");
    }

    [Fact]
    public async Task Invitations_go_with_the_inviter()
    {
        await using var server = await Inviting.StartAsync(options: Everybody);
        var romeo = await server.ConnectAsync("romeo");
        (await romeo.CommandAsync("localhost", Invite)).Command("completed");

        await romeo.SendAsync("<iq type='set' id='1'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        await romeo.ReadAsync();
        await romeo.ReadAsync();
        await romeo.ExpectEndAsync();

        Assert.Equal(0, await server.CountInvitationsAsync());
    }

    private static DataForm Username(string username) => new(DataFormType.Submit, Given("username", username));
}
