using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Components;

/// <summary>XEP-0356: what a component may do in the name of accounts, and what it may not.</summary>
public sealed class PrivilegedComponentTests
{
    private const string Domain = ComponentTesting.Domain;
    private const string Ns = "urn:xmpp:privilege:2";
    private const string Roster = "<query xmlns='jabber:iq:roster'/>";

    private static readonly ComponentPrivileges _all = new()
    {
        Roster = RequestAccess.Both,
        Message = true,
        Iq = [new() { Namespace = "urn:xmpp:ping", Type = RequestAccess.Get }, new() { Namespace = "urn:xmpp:mam:2" }],
        Presence = PresenceAccess.Contacts,
    };

    [Fact]
    public async Task A_component_is_told_what_it_may()
    {
        await using var server = await StartAsync(_all);
        var component = await server.LoginComponentAsync();
        await component.ExpectAsync($"<message from='localhost' to='{Domain}' id='privilege-localhost'><privilege xmlns='{Ns}'>"
            + "<perm access='roster' type='both' push='true'/><perm access='message' type='outgoing'/>"
            + "<perm access='iq'><namespace ns='urn:xmpp:ping' type='get'/><namespace ns='urn:xmpp:mam:2' type='both'/></perm>"
            + "<perm access='presence' type='roster'/></privilege></message>");
    }

    [Theory]
    [InlineData(RequestAccess.None, false, false)]
    [InlineData(RequestAccess.Get, true, false)]
    [InlineData(RequestAccess.Set, false, true)]
    [InlineData(RequestAccess.Both, true, true)]
    public async Task A_roster_is_got_and_set_by_whom_may(RequestAccess access, bool mayGet, bool maySet)
    {
        await using var server = await StartAsync(new() { Roster = access, RosterPush = false });
        var component = await server.LoginComponentAsync();
        if (access != RequestAccess.None)
            await component.ReadAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync($"<iq type='get' id='r'>{Roster}</iq>");
        await romeo.ReadAsync();

        await component.SendAsync($"<iq type='set' id='s' from='{Domain}' to='romeo@localhost'><query xmlns='jabber:iq:roster'>"
            + "<item jid='juliet@capulet.example' name='Juliet'/></query></iq>");
        if (maySet)
        {
            await component.ExpectAsync($"<iq type='result' id='s' from='romeo@localhost' to='{Domain}'/>");
            // §4.4: the account's clients see what became of it, and nobody of whom it was.
            var push = await romeo.ReadAsync();
            Assert.Equal("Juliet", push.Child("jabber:iq:roster", "query")?.Child("jabber:iq:roster", "item")?["name"]);
        }
        else
        {
            await component.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        }
        await component.SendAsync($"<iq type='get' id='g' from='{Domain}' to='romeo@localhost'>{Roster}</iq>");
        if (mayGet)
        {
            var answer = await component.ReadAsync();
            Assert.Equal(("result", "g", "romeo@localhost", Domain), (answer["type"], answer["id"], answer["from"], answer["to"]));
            Assert.Equal(maySet ? 1 : 0, answer.Child("jabber:iq:roster", "query")!.Elements.Count());
        }
        else
        {
            await component.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        }
    }

    [Fact]
    public async Task Who_is_at_a_component_is_not_the_component_and_who_is_nobody_has_no_roster()
    {
        await using var server = await StartAsync(new() { Roster = RequestAccess.Both });
        await server.LoginAsync("romeo", "orchard");
        var component = await server.LoginComponentAsync();
        await component.ReadAsync();
        await component.SendAsync($"<iq type='get' id='1' from='hamlet@{Domain}' to='romeo@localhost'>{Roster}</iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        await component.SendAsync($"<iq type='get' id='2' from='{Domain}/x' to='romeo@localhost'>{Roster}</iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        await component.SendAsync($"<iq type='get' id='3' from='{Domain}' to='nobody@localhost'>{Roster}</iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Theory]
    [InlineData(RequestAccess.Both, true, true)]
    [InlineData(RequestAccess.Get, true, true)]
    [InlineData(RequestAccess.Get, false, false)]
    [InlineData(RequestAccess.Set, true, false)]
    public async Task Changes_of_rosters_are_pushed_to_whom_they_are_to_be(RequestAccess access, bool push, bool isPushed)
    {
        await using var server = await StartAsync(new() { Roster = access, RosterPush = push });
        var component = await server.LoginComponentAsync();
        var perm = (await component.ReadAsync()).Child(Ns, "privilege")!.Child(Ns, "perm")!;
        Assert.Equal(isPushed ? "true" : "false", perm["push"]);
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.SendAsync("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@capulet.example'/></query></iq>");
        await romeo.SendAsync($"<message to='{Domain}' id='marker'/>");
        if (isPushed)
        {
            var told = await component.ReadAsync();
            Assert.Equal(("set", "romeo@localhost", Domain), (told["type"], told["from"], told["to"]));
            Assert.Equal("juliet@capulet.example", told.Child("jabber:iq:roster", "query")?.Child("jabber:iq:roster", "item")?["jid"]);
        }
        Assert.Equal("marker", (await component.ReadAsync())["id"]);
    }

    [Theory]
    [InlineData("romeo@localhost")]
    [InlineData("localhost")]
    public async Task A_message_goes_out_as_if_the_account_or_the_server_had_sent_it(string author)
    {
        await using var server = await StartAsync(new() { Message = true });
        var juliet = await server.LoginAsync("juliet", "balcony");
        var component = await server.LoginComponentAsync();
        await component.ReadAsync();
        await component.SendAsync(Wrap($"<message xmlns='jabber:client' from='{author}' to='{juliet.Jid}' id='foo'><x xmlns='urn:x'/></message>"));
        await juliet.ExpectAsync($"<message from='{author}' to='{juliet.Jid}' id='foo'><x xmlns='urn:x'/></message>");
    }

    [Theory]
    [InlineData("from='romeo@localhost/orchard'", StanzaErrorCondition.Forbidden)]
    [InlineData("from='romeo@capulet.example'", StanzaErrorCondition.Forbidden)]
    [InlineData($"from='{Domain}'", StanzaErrorCondition.Forbidden)]
    [InlineData("", StanzaErrorCondition.Forbidden)]
    [InlineData("from='romeo@localhost' xmlns='urn:x'", StanzaErrorCondition.BadRequest)]
    public async Task A_message_of_somebody_else_is_refused(string attributes, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync(new() { Message = true });
        var component = await server.LoginComponentAsync();
        await component.ReadAsync();
        var ns = attributes.Contains("xmlns", StringComparison.Ordinal) ? "" : "xmlns='jabber:client' ";
        await component.SendAsync(Wrap($"<message {ns}{attributes} to='juliet@localhost'/>"));
        await component.ExpectErrorAsync(condition);
    }

    [Fact]
    public async Task Who_may_send_no_messages_sends_none()
    {
        await using var server = await StartAsync(new());
        var component = await server.LoginComponentAsync();
        await component.SendAsync(Wrap("<message xmlns='jabber:client' from='romeo@localhost' to='juliet@localhost'/>"));
        await component.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task A_request_is_made_as_the_account_and_the_answer_comes_back_wrapped()
    {
        await using var server = await StartAsync(_all with { Presence = PresenceAccess.None });
        await server.LoginAsync("romeo", "orchard");
        var component = await server.LoginComponentAsync();
        await component.ReadAsync();
        await component.SendAsync(Ask("get", "<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"));
        await component.ExpectAsync($"<iq type='result' id='1' from='romeo@localhost' to='{Domain}'><privilege xmlns='{Ns}'>"
            + "<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='result' id='p' from='localhost' to='romeo@localhost'/>"
            + "</forwarded></privilege></iq>");

        // To somebody who isn't local, who knows nothing of it.
        await component.SendAsync(Ask(
            "get", $"<iq xmlns='jabber:client' type='get' id='q' from='romeo@localhost' to='hamlet@{Domain}'><ping xmlns='urn:xmpp:ping'/></iq>"));
        var asked = await component.ReadAsync();
        Assert.Equal(("get", "romeo@localhost", $"hamlet@{Domain}"), (asked["type"], asked["from"], asked["to"]));
        await component.SendAsync($"<iq type='error' id='{asked["id"]}' from='hamlet@{Domain}' to='romeo@localhost'>"
            + "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
        var inner = Unwrap(await component.ReadAsync());
        Assert.Equal(("error", "q", $"hamlet@{Domain}", "romeo@localhost"), (inner["type"], inner["id"], inner["from"], inner["to"]));
        Assert.Equal(StanzaErrorCondition.Gone, StanzaError.Parse(inner)!.Condition);
        // What a handler gives to clients only.
        await component.SendAsync(Ask("set", "<iq xmlns='jabber:client' type='set' id='m'><query xmlns='urn:xmpp:mam:2'/></iq>"));
        Assert.Equal(StanzaErrorCondition.NotAllowed, StanzaError.Parse(Unwrap(await component.ReadAsync()))!.Condition);
    }

    [Theory]
    // §6.3: of another type than the request around it.
    [InlineData("set", "romeo@localhost", "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")]
    // Of a type, or with a namespace, that was not granted.
    [InlineData("set", "romeo@localhost", "<iq xmlns='jabber:client' type='set' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("get", "romeo@localhost", "<iq xmlns='jabber:client' type='get' id='p'><query xmlns='jabber:iq:version'/></iq>")]
    // Not of clients.
    [InlineData("get", "romeo@localhost", "<iq xmlns='urn:x' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")]
    // In the name of somebody else, or of nobody.
    [InlineData("get", "romeo@localhost", "<iq xmlns='jabber:client' type='get' id='p' from='juliet@localhost'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("get", "romeo@localhost", "<iq xmlns='jabber:client' type='get' id='p' from='romeo@localhost/orchard'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("get", "nobody@localhost", "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("get", "localhost", "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")]
    public async Task A_request_that_may_not_be_made_is_refused(string type, string account, string inner)
    {
        await using var server = await StartAsync(_all with { Presence = PresenceAccess.None });
        await server.LoginAsync("romeo", "orchard");
        var component = await server.LoginComponentAsync();
        await component.ReadAsync();
        await component.SendAsync(Ask(type, inner, account));
        await component.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task Users_have_no_privileges()
    {
        await using var server = await StartAsync(_all);
        await server.LoginAsync("romeo", "orchard");
        var juliet = await server.LoginAsync("juliet", "balcony");
        await juliet.SendAsync($"<iq type='get' id='1' to='romeo@localhost'><privileged_iq xmlns='{Ns}'>"
            + "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq></privileged_iq></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task Presence_of_accounts_and_of_their_contacts_is_told()
    {
        await using var server = await StartAsync(_all, other: true);
        var early = await server.LoginAsync("early", "x");
        var component = await server.LoginComponentAsync();
        await component.ReadAsync();
        // §8, rule 1: also who was there before.
        Assert.Equal((early.Jid.ToString(), null), await PresenceAsync(component));
        var romeo = await server.LoginAsync("romeo", "orchard");
        Assert.Equal((romeo.Jid.ToString(), null), await PresenceAsync(component));
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe'/><presence to='juliet@localhost'/>");

        // Of contacts that aren't here only of those that the account is subscribed to.
        var other = await server.LoginComponentAsync("other.localhost");
        await romeo.SendAsync("<presence to='a@other.localhost' type='subscribe'/>");
        await other.ReadAsync();
        await other.SendAsync("<presence from='a@other.localhost' to='romeo@localhost' type='subscribed'/>"
            + "<presence from='b@other.localhost/x' to='romeo@localhost'/>"
            + "<presence from='a@other.localhost/x' to='romeo@localhost'><show>away</show></presence>");
        Assert.Equal(("a@other.localhost/x", null), await PresenceAsync(component));
        // Directed presence of before was none of its business.
        romeo.Drop();
        Assert.Equal((romeo.Jid.ToString(), "unavailable"), await PresenceAsync(component));
    }

    [Fact]
    public async Task Presence_of_accounts_only_is_no_presence_of_contacts()
    {
        await using var server = await StartAsync(new() { Presence = PresenceAccess.Accounts }, other: true);
        var component = await server.LoginComponentAsync();
        Assert.Equal("managed_entity", (await component.ReadAsync()).Child(Ns, "privilege")!.Child(Ns, "perm")!["type"]);
        var romeo = await server.LoginAsync("romeo", "orchard");
        Assert.Equal((romeo.Jid.ToString(), null), await PresenceAsync(component));
        var other = await server.LoginComponentAsync("other.localhost");
        await romeo.SendAsync("<presence to='a@other.localhost' type='subscribe'/>");
        await other.ReadAsync();
        await other.SendAsync("<presence from='a@other.localhost' to='romeo@localhost' type='subscribed'/>"
            + "<presence from='a@other.localhost/x' to='romeo@localhost'/>");
        while ((await romeo.ReadAsync())["from"] != "a@other.localhost/x")
        {
            // Roster pushes, and the approval.
        }
        await romeo.SendAsync("<presence type='unavailable'/>");
        Assert.Equal((romeo.Jid.ToString(), "unavailable"), await PresenceAsync(component));
    }

    private static async Task<(string? From, string? Type)> PresenceAsync(TestClient component)
    {
        var stanza = await component.ReadAsync();
        while (stanza.Name.Local != "presence")
            stanza = await component.ReadAsync();
        Assert.Equal(Domain, stanza["to"]);
        return (stanza["from"], stanza["type"]);
    }

    private static Element Unwrap(Element answer)
    {
        Assert.Equal(("result", "1"), (answer["type"], answer["id"]));
        return answer.Child(Ns, "privilege")!.Child("urn:xmpp:forward:0", "forwarded")!.Elements.Single();
    }

    private static string Wrap(string message) => $"<message from='{Domain}' to='localhost' id='notif1'><privilege xmlns='{Ns}'>"
        + $"<forwarded xmlns='urn:xmpp:forward:0'>{message}</forwarded></privilege></message>";

    private static string Ask(string type, string inner, string account = "romeo@localhost") =>
        $"<iq type='{type}' id='1' from='{Domain}' to='{account}'><privileged_iq xmlns='{Ns}'>{inner}</privileged_iq></iq>";

    private static Task<TestServer> StartAsync(ComponentPrivileges privileges, bool other = false) =>
        ComponentTesting.StartAsync(options => options with
        {
            Components = options.Components with
            {
                List =
                [
                    options.Components.List[0] with { Privileges = privileges },
                    .. other ? [new ComponentEntry { Domain = "other.localhost", Secret = ComponentTesting.Secret }] : Array.Empty<ComponentEntry>(),
                ],
            },
        });
}
