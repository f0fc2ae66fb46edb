using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Registration;

/// <summary>XEP-0077 §3.2, §3.3: who has an account changes the password, or gives it up. Registration is closed.</summary>
public sealed class AccountChangeTests
{
    private const string New = "wherefore art thou";

    [Fact]
    public async Task What_is_on_file_is_told_without_the_password()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1' to='localhost'><query xmlns='jabber:iq:register'/></iq>");

        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'><query xmlns='jabber:iq:register'>"
            + "<registered/><instructions>Choose a new password, or remove the account.</instructions>"
            + "<username>juliet</username><password/></query></iq>");
    }

    [Theory]
    [InlineData("to='localhost'", "from='localhost'", "juliet")]
    [InlineData("", "", "Juliet")]
    [InlineData("to='juliet@localhost'", "from='juliet@localhost'", "juliet@localhost")]
    public async Task A_new_password_ends_the_other_sessions(string to, string from, string name)
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = (await server.ConnectAsync("juliet", "balcony"), await server.ConnectAsync("juliet", "chamber"));

        await balcony.SendAsync($"<iq type='set' id='1' {to}>{Change(name, New)}</iq>");

        await balcony.ExpectAsync($"<iq type='result' id='1' {from} to='{balcony.Jid}'/>");
        await chamber.ExpectStreamErrorAsync(StreamErrorCondition.Reset);
        await balcony.ExpectNothingFromAsync(balcony);
        await server.LoginWithAsync("juliet", New);
        var old = await server.OpenStreamAsync();
        await old.AuthenticateAsync("juliet", TestServer.Password);
        await old.ExpectFailureAsync("not-authorized");
    }

    [Fact]
    public async Task The_form_is_as_good_as_the_fields()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SetAsync(Form("jabber:iq:register:changepassword", "juliet@localhost", New));

        await server.LoginWithAsync("juliet", New);
    }

    /// <summary>§3.3, and §4 for both ways at once.</summary>
    public static TheoryData<string, StanzaErrorCondition, StanzaErrorType> Refused => new()
    {
        { Query("<username>juliet</username><password/>"), StanzaErrorCondition.BadRequest, StanzaErrorType.Modify },
        { Query("<username>juliet</username>"), StanzaErrorCondition.BadRequest, StanzaErrorType.Modify },
        { Query($"<password>{New}</password>"), StanzaErrorCondition.BadRequest, StanzaErrorType.Modify },
        { Query(""), StanzaErrorCondition.BadRequest, StanzaErrorType.Modify },
        { Change("romeo", New), StanzaErrorCondition.NotAllowed, StanzaErrorType.Cancel },
        { Change("juliet@elsewhere", New), StanzaErrorCondition.NotAllowed, StanzaErrorType.Cancel },
        { Change("juliet", "1234567"), StanzaErrorCondition.NotAcceptable, StanzaErrorType.Modify },
        { Change("juliet", "1234567\u009F"), StanzaErrorCondition.NotAcceptable, StanzaErrorType.Modify },
        { Form("jabber:iq:register:cancel", "juliet", New), StanzaErrorCondition.NotAcceptable, StanzaErrorType.Modify },
        {
            Form("jabber:iq:register:changepassword", "juliet", New)
                .Replace("<x", "<username>juliet</username><x", StringComparison.Ordinal),
            StanzaErrorCondition.BadRequest, StanzaErrorType.Modify
        },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_change_that_is_not_complete_or_not_allowed_changes_nothing(
        string query, StanzaErrorCondition condition, StanzaErrorType type)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1'>{query}</iq>");

        var error = await juliet.ExpectErrorAsync(condition);
        Assert.Equal(type, StanzaError.Parse(error)!.Type);
        Assert.Null(error.Child(Registering.Ns, "query")); // §3.3: "SHOULD NOT return the original XML"
        await server.LoginWithAsync("juliet", TestServer.Password);
        await server.LoginWithAsync("romeo", TestServer.Password);
    }

    [Fact]
    public async Task Who_gives_up_the_account_is_told_before_the_stream_ends_and_the_others_end_too()
    {
        await using var server = await TestServer.StartAsync();
        var (balcony, chamber) = (await server.ConnectAsync("juliet", "balcony"), await server.ConnectAsync("juliet", "chamber"));

        await balcony.SendAsync("<iq type='set' id='unreg1'><query xmlns='jabber:iq:register'><remove/></query></iq>");

        await balcony.ExpectAsync($"<iq type='result' id='unreg1' to='{balcony.Jid}'/>");
        await balcony.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
        await chamber.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
        var late = await server.OpenStreamAsync();
        await late.AuthenticateAsync("juliet", TestServer.Password);
        await late.ExpectFailureAsync("not-authorized");
    }

    [Fact]
    public async Task A_new_account_of_the_same_name_has_nothing_of_the_old_one()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("romeo", "juliet");
        var (romeo, juliet) = (await server.ConnectAsync("romeo"), await server.LoginAsync("juliet"));
        await juliet.SetAsync("<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>");
        await juliet.SetAsync("<query xmlns='jabber:iq:private'><a xmlns='x:y'>secret</a></query>");
        await juliet.SendAsync("<presence type='unavailable'><status>Heading home</status></presence>");
        await juliet.ReadAsync();
        await juliet.SendAsync("<iq type='set' id='unreg1'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='unreg1' to='{juliet.Jid}'/>");
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);

        var another = await server.ConnectAsync("juliet");
        await another.SendAsync("<iq type='get' id='1'><vCard xmlns='vcard-temp'/></iq>"
            + "<iq type='get' id='2'><query xmlns='jabber:iq:private'><a xmlns='x:y'/></query></iq>");
        await another.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
        await another.ExpectAsync(
            $"<iq type='result' id='2' to='{another.Jid}'><query xmlns='jabber:iq:private'><a xmlns='x:y'/></query></iq>");
        Assert.Empty((await another.AskForRosterAsync()).Child("jabber:iq:roster", "query")!.Elements);
        another.Drop();
        await another.Served;
        await romeo.SendAsync("<iq type='get' id='1' to='juliet@localhost'><query xmlns='jabber:iq:last'/></iq>"
            + "<iq type='get' id='2' to='juliet@localhost'><vCard xmlns='vcard-temp'/></iq>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        Assert.Null(await server.Store.LastSeen.FindAsync(Jid.Parse("juliet@localhost"), CancellationToken.None));
    }

    [Fact]
    public async Task Remove_stands_alone()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync(
            "<iq type='set' id='1'><query xmlns='jabber:iq:register'><remove/><username>juliet</username></query></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
        await server.LoginWithAsync("juliet", TestServer.Password);
    }

    [Fact]
    public async Task A_session_without_an_account_has_nothing_to_change()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Authentication = options.Authentication with { Mechanisms = ["ANONYMOUS"] },
        });
        var ghost = await server.OpenStreamAsync();
        await ghost.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='ANONYMOUS'/>");
        await ghost.ReadAsync();
        await ghost.OpenAsync();
        await ghost.BindAsync(null);

        await ghost.SendAsync($"<iq type='set' id='1'>{Change(ghost.Jid.Local!, New)}</iq>"
            + "<iq type='set' id='2'><query xmlns='jabber:iq:register'><remove/></query></iq>"
            + "<iq type='get' id='3'><query xmlns='jabber:iq:register'/></iq>"
            + "<iq type='set' id='4'><vCard xmlns='vcard-temp'><FN>G</FN></vCard></iq>");

        await ghost.ExpectErrorAsync(StanzaErrorCondition.UnexpectedRequest);
        await ghost.ExpectErrorAsync(StanzaErrorCondition.RegistrationRequired);
        await ghost.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
        await ghost.ExpectErrorAsync(StanzaErrorCondition.RegistrationRequired);
    }

    [Fact]
    public async Task A_removal_that_cannot_be_stored_has_not_happened()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        await juliet.ExpectNothingFromAsync(juliet); // What it takes to send messages has been loaded.
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        await juliet.SendAsync("<iq type='set' id='1'><query xmlns='jabber:iq:register'><remove/></query></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        server.Store.Failure = null;
        await juliet.ExpectNothingFromAsync(juliet);
    }

    private static string Query(string content) => $"<query xmlns='jabber:iq:register'>{content}</query>";

    private static string Change(string name, string password) => Query($"<username>{name}</username><password>{password}</password>");

    private static string Form(string type, string name, string password) => Query("<x xmlns='jabber:x:data' type='submit'>"
        + $"<field var='FORM_TYPE' type='hidden'><value>{type}</value></field><field var='username'><value>{name}</value></field>"
        + $"<field var='old_password'><value>secret</value></field><field var='password'><value>{password}</value></field></x>");
}
