using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class RoomCommandsTests : CtlFixture
{
    private const string Coven = "coven@conference.localhost";

    [Fact]
    public async Task A_room_is_made_configured_shown_and_destroyed()
    {
        StartServer();
        Assert.Equal(
            ExitCode.Ok,
            await RunAsync(
                "room", "create", Coven, "--owner", "crone1@localhost", "--set", "membersonly=1", "--set", "roomname=A Dark Cave"));
        Assert.Equal(ExitCode.Failed, await RunAsync("room", "create", Coven));
        Assert.Equal($"There is a room {Coven} already.\n", Complaints);

        var listed = (await JsonAsync("room", "list"))[0]!;
        Assert.Equal((Coven, "A Dark Cave", 0, true), (
            (string)listed["room"]!, (string)listed["name"]!, (int)listed["occupants"]!, (bool)listed["isPersistent"]!));
        Assert.Equal(ExitCode.Ok, await RunAsync("room", "list", "example.org"));
        Assert.Empty(Rows);

        Assert.Equal(ExitCode.Ok, await RunAsync("room", "config", Coven, "membersonly=0", "whois=anyone"));
        Assert.Equal(ExitCode.Failed, await RunAsync("room", "config", Coven, "colour=red"));
        Assert.Equal("\"colour\" is no field of a room's configuration\n", Complaints);
        Assert.Equal(ExitCode.Ok, await RunAsync("room", "affiliation", Coven, "hag66@localhost", "outcast", "--reason", "Treason"));
        Assert.Equal(ExitCode.Failed, await RunAsync("room", "kick", Coven, "hag"));
        Assert.Equal($"Nobody in {Coven} is called hag.\n", Complaints);

        var shown = await JsonAsync("room", "show", Coven);
        Assert.Equal(
            [("crone1@localhost", "owner", null), ("hag66@localhost", "outcast", "Treason")],
            shown["people"]!.AsArray().Select(
                person => ((string)person!["jid"]!, (string)person["affiliation"]!, (string?)person["reason"])));
        var configuration = shown["configuration"]!.AsArray().Select(value => (string)value!).ToList();
        Assert.Superset(new HashSet<string> { "membersonly=0", "whois=anyone", "roomname=A Dark Cave" }, configuration.ToHashSet());
        Assert.DoesNotContain(configuration, value => value.StartsWith("roomsecret", StringComparison.Ordinal));

        Assert.Equal(ExitCode.Ok, await RunAsync("room", "destroy", Coven, "--yes"));
        Assert.Equal(ExitCode.Failed, await RunAsync("room", "show", Coven));
        Assert.Equal($"There is no room {Coven}.\n", Complaints);
    }

    [Fact]
    public async Task What_was_said_is_removed()
    {
        StartServer();
        Assert.Equal(ExitCode.Ok, await RunAsync("room", "create", Coven));
        await Server!.Store.Archive.AddAsync(
            [
                .. ((int[])[3, 2, 1]).Select(age => new ArchiveEntry(
                    Jid.Parse(Coven), SortableId.New(DateTimeOffset.UtcNow.AddDays(-age)), Jid.Parse("hag66@localhost"), IsIncoming: true,
                    "<message><body>Hark</body></message>"u8.ToArray(), Text: null, IsShown: false)),
            ],
            Cancellation);

        Assert.Equal(1, (int)(await JsonAsync("room", "purge", Coven, "--older-than", "60h", "--yes"))["removed"]!);
        Assert.Equal(1, (int)(await JsonAsync("room", "purge", Coven, "--keep", "1", "--yes"))["removed"]!);
        Assert.Equal(1, (int)(await JsonAsync("room", "show", Coven))["messages"]!);
    }

    [Fact]
    public async Task Only_a_running_server_has_rooms_and_only_at_its_services()
    {
        Assert.Equal(ExitCode.ServerNotRunning, await RunAsync("room", "list"));
        StartServer();
        Assert.Equal(ExitCode.Failed, await RunAsync("room", "create", "coven@localhost"));
        Assert.Equal(
            "coven@localhost is no room of this server: they are at conference.localhost, conference.example.org.\n", Complaints);
    }
}
