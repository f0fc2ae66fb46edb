using System.Text;
using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class ArchiveCommandsTests : CtlFixture
{
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    /// <summary>Romeo's archive has a message for each of these ages, in days, with Juliet and the nurse by turns.</summary>
    private async Task StartAsync(bool withServer, params int[] ages)
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", "romeo@localhost", "--generate"));
        await using (var store = SqliteStore.Open(Path.Combine(Files.Path, "test.db"), TimeProvider.System))
        {
            await store.Archive.AddAsync(
                [
                    .. ages.Select((age, index) => new ArchiveEntry(
                        Romeo, SortableId.New(Now.AddDays(-age)), Jid.Parse(index % 2 == 0 ? "juliet@localhost" : "nurse@localhost"),
                        IsIncoming: true, Encoding.UTF8.GetBytes($"<message type='chat'><body>{age} days &amp; nights</body></message>"),
                        Text: null, IsShown: true)),
                ],
                Cancellation);
        }
        if (withServer)
            StartServer();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Archives_are_counted_with_and_without_a_server(bool withServer)
    {
        await StartAsync(withServer, 30, 20, 10);

        var one = (await JsonAsync("archive", "stats", "romeo@localhost"))[0]!;
        Assert.Equal((3, "romeo@localhost"), ((int)one["messages"]!, (string)one["of"]!));
        Assert.InRange((DateTimeOffset)one["oldest"]! - Now.AddDays(-30), TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
        Assert.InRange((DateTimeOffset)one["newest"]! - Now.AddDays(-10), TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "stats"));
        Assert.Equal(
            [["localhost", "3"], ["conference.localhost", "0"], ["example.org", "0"], ["conference.example.org", "0"]],
            Rows.Select(row => row[..2]));
        Assert.Equal(ExitCode.Failed, await RunAsync("archive", "stats", "nobody@localhost"));
        Assert.Equal("There is no account nobody@localhost.\n", Complaints);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Archives_of_rooms_are_counted_removed_and_exported(bool withServer)
    {
        var coven = Jid.Parse("coven@conference.localhost");
        await using (var store = SqliteStore.Open(Path.Combine(Files.Path, "test.db"), TimeProvider.System))
        {
            var settings = new RoomSettings(null, IsListed: true, IsPersistent: true, new Dictionary<string, string>());
            await store.Rooms.AddAsync(new(coven, Now, settings, null, []), Cancellation);
            await store.Archive.AddAsync(
                [
                    .. ((int[])[2, 1]).Select(age => new ArchiveEntry(
                        coven, SortableId.New(Now.AddDays(-age)), Romeo, IsIncoming: true, Encoding.UTF8.GetBytes($"<message>{age}</message>"),
                        Text: null, IsShown: false)),
                ],
                Cancellation);
        }
        if (withServer)
            StartServer();

        Assert.Equal(2, (int)(await JsonAsync("archive", "stats", "coven@conference.localhost"))[0]!["messages"]!);
        var file = Path.Combine(Files.Path, "coven.xml");
        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "export", "coven@conference.localhost", file));
        Assert.Equal(2, XDocument.Load(file).Descendants("{urn:xmpp:mam:2}result").Count());
        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "purge", "coven@conference.localhost", "--keep", "1", "--yes"));
        Assert.Equal(1, (int)(await JsonAsync("archive", "stats", "coven@conference.localhost"))[0]!["messages"]!);
    }

    [Theory]
    [InlineData(true, "", 5)]
    [InlineData(false, "", 5)]
    [InlineData(true, "--older-than 25d", 3)]
    [InlineData(true, "--with nurse@localhost", 2)]
    [InlineData(true, "--keep 2", 3)]
    [InlineData(false, "--older-than 25d --keep 4", 1)]
    public async Task Messages_are_removed_as_far_as_was_said(bool withServer, string options, int removed)
    {
        await StartAsync(withServer, 50, 40, 30, 20, 10);

        var answer = await JsonAsync(
            ["archive", "purge", "romeo@localhost", "--yes", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(removed, (int)answer["removed"]!);
        Assert.Equal(5 - removed, (int)(await JsonAsync("archive", "stats", "romeo@localhost"))[0]!["messages"]!);
    }

    [Theory]
    [InlineData(true, "romeo@localhost")]
    [InlineData(false, "example.org")]
    public async Task Limits_are_set_and_unset(bool withServer, string of)
    {
        await StartAsync(withServer);
        async Task<(string?, int?)> LimitsAsync()
        {
            var infos = (await JsonAsync(["archive", "stats", .. of.Contains('@') ? [of] : Array.Empty<string>()])).AsArray();
            var info = infos.Single(info => (string)info!["of"]! == of)!;
            return ((string?)info["maxAge"], (int?)info["maxMessages"]);
        }

        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "limit", of, "--max-age", "90d", "--max-messages", "1000"));
        Assert.Equal($"Set the limits of {of}; they are enforced within an hour.\n", Printed);
        Assert.Equal(("90.00:00:00", 1000), await LimitsAsync());
        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "limit", of, "--max-messages", "0"));
        Assert.Equal((null, 0), await LimitsAsync());
        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "limit", of));
        Assert.Equal((null, null), await LimitsAsync());
        Assert.Equal(ExitCode.Failed, await RunAsync("archive", "limit", "nobody@localhost"));
    }

    [Fact]
    public async Task Nothing_is_removed_before_somebody_has_said_yes()
    {
        await StartAsync(withServer: false, 1);

        Assert.Equal(ExitCode.Usage, await RunAsync("archive", "purge", "romeo@localhost"));

        Assert.Equal(1, (int)(await JsonAsync("archive", "stats", "romeo@localhost"))[0]!["messages"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_archive_is_written_as_other_servers_read_it(bool withServer)
    {
        await StartAsync(withServer, [.. Enumerable.Range(1, 1200).Reverse()]);
        var file = Path.Combine(Files.Path, "romeo.xml");

        Assert.Equal(ExitCode.Ok, await RunAsync("archive", "export", "romeo@localhost", file));

        Assert.Equal($"Exported 1,200 messages of romeo@localhost to {file}.\n", Printed);
        XNamespace pie = "urn:xmpp:pie:0", archived = "urn:xmpp:pie:0#mam", mam = "urn:xmpp:mam:2", client = "jabber:client";
        var user = XDocument.Load(file).Root!.Element(pie + "host")!.Element(pie + "user")!;
        Assert.Equal("romeo", (string)user.Attribute("name")!);
        var results = user.Element(archived + "archive")!.Elements(mam + "result").ToList();
        Assert.Equal(1200, results.Count);
        Assert.Equal("1200 days & nights", results[0].Descendants(client + "body").Single().Value);
        Assert.Equal(results.Select(result => (string)result.Attribute("id")!).Order(StringComparer.Ordinal),
            results.Select(result => (string)result.Attribute("id")!));
        // Not over what is there.
        Assert.Equal(ExitCode.Failed, await RunAsync("archive", "export", "romeo@localhost", file));
        Assert.Equal(ExitCode.Failed, await RunAsync("archive", "export", "nobody@localhost", file + "2"));
        Assert.False(File.Exists(file + "2"));
    }

    [Theory]
    [InlineData("--older-than", "soon")]
    [InlineData("--with", "romeo@localhost/orchard")]
    [InlineData("--keep", "-1")]
    public async Task Options_are_checked(string option, string value) =>
        Assert.Equal(ExitCode.Usage, await RunAsync("archive", "purge", "romeo@localhost", "--yes", option, value));
}
