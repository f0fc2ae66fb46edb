using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>What tests of rooms do.</summary>
internal static class RoomTesting
{
    public const string Domain = "conference.localhost";
    public const string Coven = "coven@conference.localhost";
    public const string Ns = "http://jabber.org/protocol/muc";
    public const string User = Ns + "#user";
    public const string Admin = Ns + "#admin";
    public const string Owner = Ns + "#owner";
    public static readonly XmlName OccupantId = new("urn:xmpp:occupant-id:0", "occupant-id");

    public const string Join = $"<x xmlns='{Ns}'/>";

    /// <summary>
    /// A server whose rooms have no archives: what is said there has no ids; and whose clients don't see by which ids occupants are known
    /// (XEP-0421).
    /// </summary>
    public static Task<TestServer> StartAsync(Func<Modules.Rooms.RoomOptions, Modules.Rooms.RoomOptions>? configure = null) =>
        StartArchivingAsync(options => (configure?.Invoke(options) ?? options) with { Defaults = ["enablearchiving=0"] });

    /// <summary>The same with archives.</summary>
    public static async Task<TestServer> StartArchivingAsync(
        Func<Modules.Rooms.RoomOptions, Modules.Rooms.RoomOptions>? configure = null)
    {
        var server = await TestServer.StartAsync(options => configure is null ? options : options with
        {
            Modules = options.Modules with { Rooms = configure(options.Modules.Rooms) },
        });
        server.LeftOut = [OccupantId];
        return server;
    }

    /// <summary>A client that has made the room, with this configuration, and is in it.</summary>
    public static async Task<TestClient> CreateRoomAsync(
        this TestServer server, string name = "crone1", string nick = "firstwitch", string room = Coven,
        params (string Var, string Value)[] configuration)
    {
        var owner = await server.LoginAsync(name, "desktop");
        await owner.EnterAsync(room, nick);
        await owner.ConfigureAsync(room, configuration);
        return owner;
    }

    /// <summary>Configures a room, successfully, and passes over what it says of that.</summary>
    public static async Task ConfigureAsync(this TestClient owner, string room, params (string Var, string Value)[] configuration)
    {
        await owner.SendAsync($"<iq type='set' id='config' to='{room}'>{Form(configuration)}</iq>");
        Element answer;
        do
            answer = await owner.ReadAsync();
        while (answer["id"] != "config");
        Assert.Equal("result", answer["type"]);
        await owner.PassAsync();
    }

    /// <summary>Reads up to a marker: what the server has sent until now is passed over.</summary>
    public static async Task<IReadOnlyList<Element>> PassAsync(this TestClient client)
    {
        var id = Guid.NewGuid().ToString();
        await client.SendAsync($"<iq type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>");
        var passed = new List<Element>();
        while (await client.ReadAsync() is var element && element["id"] != id)
            passed.Add(element);
        return passed;
    }

    public static string Form(params (string Var, string Value)[] fields) => fields.Length == 0
        ? $"<query xmlns='{Owner}'><x xmlns='jabber:x:data' type='submit'/></query>"
        : $"<query xmlns='{Owner}'><x xmlns='jabber:x:data' type='submit'>"
            + $"<field var='FORM_TYPE'><value>{Ns}#roomconfig</value></field>"
            + string.Concat(fields.GroupBy(field => field.Var).Select(field =>
                $"<field var='{(field.Key.IndexOfAny(['#', '}']) >= 0 ? field.Key : "muc#roomconfig_" + field.Key)}'>"
                + string.Concat(field.Select(value => $"<value>{value.Value}</value>")) + "</field>"))
            + "</x></query>";

    /// <summary>Enters a room and gives what came up to the subject, which is the last.</summary>
    public static async Task<IReadOnlyList<Element>> EnterAsync(
        this TestClient client, string room, string nick, string content = "", string further = "")
    {
        await client.SendAsync($"<presence to='{room}/{nick}'><x xmlns='{Ns}'>{content}</x>{further}</presence>");
        var received = new List<Element>();
        do
            received.Add(await client.ReadAsync());
        while (!IsSubject(received[^1]) && received[^1]["type"] != "error");
        if (received[^1]["type"] == "error")
            throw new InvalidOperationException($"Not let in: {received[^1]}");
        return received;
    }

    private static bool IsSubject(Element stanza) =>
        stanza.Child(Namespaces.Client, "subject") is not null && stanza.Child(Namespaces.Client, "body") is null;

    /// <summary>A new person who has entered a room.</summary>
    public static async Task<TestClient> EnterRoomAsync(
        this TestServer server, string name, string nick, string room = Coven, string content = "", string resource = "pda")
    {
        var client = await server.LoginAsync(name, resource);
        await client.EnterAsync(room, nick, content);
        return client;
    }

    /// <summary>Expects to be refused on entering.</summary>
    public static async Task<StanzaError> ExpectRefusedAsync(
        this TestClient client, StanzaErrorCondition condition, string room = Coven, string nick = "thirdwitch", string content = "")
    {
        await client.SendAsync($"<presence to='{room}/{nick}' id='enter'><x xmlns='{Ns}'>{content}</x></presence>");
        var error = await client.ExpectErrorAsync(condition);
        Assert.Equal(($"{room}/{nick}", "enter"), (error["from"], error["id"]));
        Assert.Equal(Jid.Parse(room), StanzaError.Parse(error)!.By);
        return StanzaError.Parse(error)!;
    }

    /// <summary>Presence as the room says it.</summary>
    /// <param name="codes">Separated by blanks.</param>
    public static string Presence(
        TestClient to, string nick, string affiliation, string role, string? jid = null, string codes = "", string type = "",
        string more = "", string item = "", string content = "", string room = Coven) =>
        $"<presence {(type.Length == 0 ? "" : $"type='{type}'")} from='{room}/{nick}' to='{to.Jid}' {more}>{content}<x xmlns='{User}'>"
        + $"<item affiliation='{affiliation}' {(jid is null ? "" : $"jid='{jid}'")} role='{role}' {(item.StartsWith('<') ? "" : item)}"
        + (item.StartsWith('<') ? $">{item}</item>" : "/>")
        + string.Concat(codes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(code => $"<status code='{code}'/>"))
        + "</x></presence>";

    /// <summary>The codes in a stanza, separated by blanks.</summary>
    public static string CodesOf(Element stanza) => string.Join(' ', (stanza.Child(User, "x")?.Elements ?? [])
        .Where(child => child.Name.Local == "status").Select(child => child["code"]));

    /// <summary>Asks for something and gives the answer; what comes before is passed over.</summary>
    public static async Task<Element> AskAsync(this TestClient client, string type, string to, string payload)
    {
        var id = Guid.NewGuid().ToString();
        await client.SendAsync($"<iq type='{type}' id='{id}' to='{to}'>{payload}</iq>");
        Element answer;
        do
            answer = await client.ReadAsync();
        while (answer["id"] != id);
        return answer;
    }

    public static string AdminQuery(string items) => $"<query xmlns='{Admin}'>{items}</query>";

    public static StanzaErrorCondition? ConditionOf(Element answer) => StanzaError.Parse(answer)?.Condition;
}
