using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Tests.Registration;
using Xunit;

namespace Xmpp.Modules.Tests.Invitations;

/// <summary>XEP-0379, XEP-0401 §5.5: inviter and invited become contacts.</summary>
public sealed class InvitedContactTests
{
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");

    [Fact]
    public async Task Who_registers_by_an_invitation_is_a_contact_of_the_inviter_from_the_start()
    {
        await using var server = await Inviting.StartAsync();
        var romeo = await server.ComeAsync("romeo");
        var guest = await server.ArriveAsync(await server.InviteAsync(Inviting.Wish with { Inviter = Romeo }));

        await guest.RegisterAsync("juliet");
        await guest.ExpectRegisteredAsync();

        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='both'/>");
        await guest.LoginAsync("juliet");
        var roster = (await guest.AskForRosterAsync()).Child("jabber:iq:roster", "query")!;
        Assert.Equal(("romeo@localhost", "both"), (roster.Elements.Single()["jid"], roster.Elements.Single()["subscription"]));
        await guest.SendAsync("<presence/>");
        Assert.Equal(guest.Jid.ToString(), (await romeo.ReadAsync())["from"]);
    }

    [Fact]
    public async Task Who_is_invited_by_nobody_has_no_contact()
    {
        await using var server = await Inviting.StartAsync();
        var guest = await server.ArriveAsync(await server.InviteAsync());

        await guest.RegisterAsync("juliet");
        await guest.ExpectRegisteredAsync();

        await guest.LoginAsync("juliet");
        Assert.Empty((await guest.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
    }

    [Fact]
    public async Task A_request_that_shows_an_invitation_is_approved_and_returned_at_once()
    {
        await using var server = await Inviting.StartAsync();
        var (romeo, juliet) = (await server.ComeAsync("romeo"), await server.ComeAsync("juliet"));
        var token = await server.InviteAsync(Inviting.Wish with { Inviter = Romeo });

        await juliet.SendAsync(Request(token));

        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='none' ask='subscribe'/>");
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='both'/>");
        await juliet.ExpectAsync($"<presence from='{romeo.Jid}' to='juliet@localhost'/>");
        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='both'/>");
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='romeo@localhost'/>");
        Assert.Equal(0, await server.CountInvitationsAsync());
    }

    /// <summary>XEP-0379 §4.1, §5.2.</summary>
    [Theory]
    [InlineData("unknown")]
    [InlineData("used")]
    [InlineData("expired")]
    [InlineData("another's")]
    [InlineData("for another")]
    [InlineData("nobody's")]
    [InlineData("")]
    public async Task A_request_with_an_invitation_that_does_not_hold_goes_the_usual_way(string kind)
    {
        await using var server = await Inviting.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("mercutio@localhost"));
        await server.CreateAccountAsync(Romeo);
        var wish = Inviting.Wish with { Inviter = Romeo };
        var token = kind switch
        {
            "unknown" or "" => kind,
            "another's" => await server.InviteAsync(wish with { Inviter = Jid.Parse("mercutio@localhost") }),
            "for another" => await server.InviteAsync(wish with { Username = "rosaline" }),
            "nobody's" => await server.InviteAsync(),
            _ => await server.InviteAsync(wish),
        };
        if (kind == "used")
            await server.Store.Invitations.UseAsync(token, server.Time.GetUtcNow(), CancellationToken.None);
        if (kind == "expired")
            server.Time.Advance(TimeSpan.FromDays(7));
        var (romeo, juliet) = (await server.ComeAsync("romeo"), await server.ComeAsync("juliet"));

        await juliet.SendAsync(Request(token));

        var asked = await romeo.ReadAsync();
        Assert.Equal(("subscribe", "juliet@localhost"), (asked["type"], asked["from"]));
        await juliet.ExpectPushAsync("<item jid='romeo@localhost' subscription='none' ask='subscribe'/>");
        await juliet.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task The_name_that_an_invitation_is_for_may_use_it()
    {
        await using var server = await Inviting.StartAsync();
        await server.CreateAccountAsync(Romeo);
        var token = await server.InviteAsync(Inviting.Wish with { Inviter = Romeo, Username = "juliet" });
        var (romeo, juliet) = (await server.ComeAsync("romeo"), await server.ComeAsync("juliet"));

        await juliet.SendAsync(Request(token));

        await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='both'/>");
    }

    [Fact]
    public async Task An_inviter_who_has_gone_takes_the_invitation_along()
    {
        await using var server = await Inviting.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var token = await server.InviteAsync(Inviting.Wish with { Inviter = Romeo });
        var guest = await server.ArriveAsync(token);
        await romeo.SendAsync("<iq type='set' id='1'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        await romeo.ReadAsync();

        await guest.RegisterAsync("juliet");

        await guest.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
    }

    private static string Request(string token) =>
        $"<presence type='subscribe' to='romeo@localhost'><preauth xmlns='urn:xmpp:pars:0' token='{token}'/></presence>";
}
