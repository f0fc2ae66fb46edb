using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Occupants who are not local: a component's (XEP-0114).</summary>
public sealed class ComponentOccupantTests
{
    private const string Hamlet = "hamlet@plays.localhost/elsinore";

    [Fact]
    public async Task They_enter_speak_and_leave_as_others()
    {
        await using var server = await StartAsync();
        var component = await LoginComponentAsync(server);
        var first = await server.CreateRoomAsync();

        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'>{Join}</presence>");
        Assert.Equal(($"{Coven}/firstwitch", Hamlet), (await ReadAsync(component)));
        Assert.Equal(($"{Coven}/hamlet", Hamlet), (await ReadAsync(component)));
        Assert.Equal((Coven, Hamlet), (await ReadAsync(component)));
        await first.ExpectAsync(Presence(first, "hamlet", "none", "participant", Hamlet));
        await component.SendAsync($"<message from='{Hamlet}' to='{Coven}' type='groupchat' id='1'><body>Words</body></message>");
        await first.ExpectAsync($"<message from='{Coven}/hamlet' to='{first.Jid}' type='groupchat' id='1'><body>Words</body></message>");
        Assert.Equal(($"{Coven}/hamlet", Hamlet), (await ReadAsync(component)));
        await component.SendAsync($"<iq type='get' id='2' from='{Hamlet}' to='{Coven}/hamlet'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal(($"{Coven}/hamlet", Hamlet), (await ReadAsync(component)));
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet' type='unavailable'/>");
        await first.ExpectAsync(Presence(first, "hamlet", "none", "none", Hamlet, type: "unavailable"));
    }

    [Fact]
    public async Task They_make_no_rooms_where_that_is_for_accounts()
    {
        await using var server = await StartAsync();
        var component = await LoginComponentAsync(server);
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'>{Join}</presence>");
        await component.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
    }

    [Fact]
    public async Task Who_can_not_be_reached_any_more_is_removed()
    {
        await using var server = await StartAsync();
        var component = await LoginComponentAsync(server);
        var first = await server.CreateRoomAsync();
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'>{Join}</presence>");
        await first.ReadAsync();

        component.Drop();
        await component.Served;
        await first.SendAsync($"<message to='{Coven}' type='groupchat' id='1'><body>Words</body></message>");

        Assert.Equal("1", (await first.ReadAsync())["id"]);
        await first.ExpectAsync(Presence(first, "hamlet", "none", "none", Hamlet, "333", "unavailable"));
    }

    [Fact]
    public async Task What_they_say_is_archived_and_they_read_it()
    {
        await using var server = await StartAsync(isArchived: true);
        var component = await LoginComponentAsync(server);
        var first = await server.CreateRoomAsync();
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'>{Join}</presence>");
        await component.SendAsync($"<message from='{Hamlet}' to='{Coven}' type='groupchat' id='1'><body>Words</body></message>");
        while ((await component.ReadAsync())["id"] != "1")
        {
            // What comes on entering.
        }
        var id = StanzaId.Find((await first.PassAsync())[^1], Jid.Parse(Coven));

        await component.SendAsync($"<iq type='set' id='2' from='{Hamlet}' to='{Coven}'><query xmlns='urn:xmpp:mam:2'/></iq>");

        var result = await component.ReadAsync();
        Assert.Equal((Coven, Hamlet, id), (result["from"], result["to"], result.Child("urn:xmpp:mam:2", "result")!["id"]));
        Assert.NotNull((await component.ReadAsync()).Child("urn:xmpp:mam:2", "fin"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_restart_they_are_not_there_and_learn_it(bool isKilled)
    {
        await using var server = await StartAsync(isArchived: true, hasJournal: true);
        var component = await LoginComponentAsync(server);
        await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'>{Join}</presence>");
        while (await component.ReadAsync() is { Name.Local: not "message" })
        {
            // Up to the subject.
        }

        await server.RestartAsync(isKilled);

        // Whoever can be told is (§14.2); else it asks (XEP-0410), speaks, or shows itself (§7.2.17).
        if (!isKilled)
            Assert.Equal("110 332", CodesOf(await component.ReadAsync()));
        component = await LoginComponentAsync(server);
        await component.SendAsync($"<iq type='get' id='ping' from='{Hamlet}' to='{Coven}/hamlet'><ping xmlns='urn:xmpp:ping'/></iq>");
        await component.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await component.SendAsync($"<message from='{Hamlet}' to='{Coven}' type='groupchat' id='1'><body>Words</body></message>");
        await component.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'/>");
        Assert.Equal("110 307 333", CodesOf(await component.ReadAsync()));
        await component.SendAsync($"<presence from='{Hamlet}' to='{Coven}/hamlet'>{Join}</presence>");
        Assert.Equal(($"{Coven}/hamlet", Hamlet), await ReadAsync(component));
    }

    private static async Task<TestServer> StartAsync(bool isArchived = false, bool hasJournal = false)
    {
        var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with
            {
                Rooms = options.Modules.Rooms with { Defaults = isArchived ? [] : ["enablearchiving=0"] },
            },
            StreamManagement = !hasJournal ? options.StreamManagement : options.StreamManagement with
            {
                Journal = new() { File = Path.Combine(options.Tls.Certificates, "sessions.journal"), Bytes = 32 * 1024 * 1024 },
            },
            Components = options.Components with { Port = 0, List = [new() { Domain = "plays.localhost", Secret = "secret" }] },
        });
        server.LeftOut = [OccupantId];
        return server;
    }

    private static async Task<TestClient> LoginComponentAsync(TestServer server)
    {
        var component = server.ConnectComponent();
        await component.OpenComponentAsync("to='plays.localhost'");
        await component.ProveAsync("secret");
        await component.ExpectAsync("<handshake/>");
        return component;
    }

    private static async Task<(string?, string?)> ReadAsync(TestClient component)
    {
        var stanza = await component.ReadAsync();
        return (stanza["from"], stanza["to"]);
    }
}
