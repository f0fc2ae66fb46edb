using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Rooms administered by commands (XEP-0050).</summary>
public sealed class RoomAdHocCommandsTests
{
    private const string Node = "urn:xmppchat:rooms";

    [Fact]
    public async Task An_administrator_makes_configures_shows_and_destroys_a_room()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await ExecuteAsync("create", ("room", Coven), ("owner", "crone1@localhost"), ("values", "membersonly=1"))).Command("completed");
        (await ExecuteAsync("create", ("room", Coven))).ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
        (await ExecuteAsync("config", ("room", Coven), ("values", "whois=anyone"))).Command("completed");
        (await ExecuteAsync("affiliation", ("room", Coven), ("jid", "hag66@localhost"), ("affiliation", "outcast"), ("reason", "Treason")))
            .Command("completed");
        var crone = await server.EnterRoomAsync("crone1", "firstwitch");
        var shown = (await ExecuteAsync("show", ("room", Coven))).Command("completed").Form();
        Assert.Equal(["owner crone1@localhost", "outcast hag66@localhost"], shown.Values("affiliations"));
        Assert.Equal([$"firstwitch: {crone.Jid}"], shown.Values("occupants"));
        Assert.Contains("whois=anyone", shown.Values("configuration"));
        Assert.Equal([Coven], (await bard.CommandAsync("localhost", $"{Node}#list")).Command("completed").Form().Values("rooms"));

        (await ExecuteAsync("kick", ("room", Coven), ("nick", "firstwitch"), ("reason", "Enough"))).Command("completed");
        var kicked = (await crone.PassAsync())[^1];
        Assert.Equal(("unavailable", "110 307"), (kicked["type"], CodesOf(kicked)));

        await crone.EnterAsync(Coven, "firstwitch");
        await crone.SendAsync($"<message to='{Coven}' type='groupchat'><body>Hark</body></message>");
        await crone.PassAsync();
        (await ExecuteAsync("purge", ("room", Coven), ("keep", "0"))).Command("completed");
        Assert.Equal(0, await server.Store.Archive.CountAsync(Jid.Parse(Coven), new(), 10, CancellationToken.None));

        (await ExecuteAsync("destroy", ("room", Coven), ("venue", $"elsewhere@{Domain}"))).Command("completed");
        Assert.Equal($"elsewhere@{Domain}", (await crone.PassAsync())[^1].Child(User, "x")!.Child(User, "destroy")!["jid"]);
        Assert.Null(await server.Store.Rooms.FindAsync(Jid.Parse(Coven), CancellationToken.None));

        Task<Core.Xml.Element> ExecuteAsync(string name, params (string Var, string Value)[] fields) => bard.ExecuteAsync(
            "localhost", $"{Node}#{name}", [.. fields.Select(field => new FormField(field.Var, null, [field.Value]))]);
    }

    [Fact]
    public async Task Nobody_else_may()
    {
        await using var server = await Administration.StartAsync();
        var hag = await server.ConnectAsync("hag66");
        (await hag.CommandAsync("localhost", $"{Node}#list")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
    }
}
