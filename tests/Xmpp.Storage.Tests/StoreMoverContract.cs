using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Storage.Transfer;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>Moving everything from one store to another, whichever they are.</summary>
public abstract class StoreMoverContract(TestDatabase sourceDatabase, TestDatabase targetDatabase) : IAsyncLifetime
{
    private const int Accounts = 40;
    private const int MessagesEach = 100;

    /// <summary>More than fit into several batches.</summary>
    private const int MessagesOfOne = 4500;

    /// <summary>More than a page.</summary>
    private const int Archived = 250;

    /// <summary>More than a page, and more than fit into one batch.</summary>
    private const int Rooms = 450;
    private const int Nodes = 40;

    // Not in the past: a database may forget by itself what has expired.
    private static readonly DateTimeOffset Now = new(2126, 11, 20, 12, 34, 56, 789, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<TransferProgress> _progress = [];
    private IStore _source = null!;
    private IStore _target = null!;

    private StoreMover Mover => new(new FixedClock(Now), _progress.Add);

    public async ValueTask InitializeAsync()
    {
        _source = await sourceDatabase.OpenAsync();
        _target = await targetDatabase.OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        // Null when they could not be opened.
        if (_source is not null)
            await _source.DisposeAsync();
        if (_target is not null)
            await _target.DisposeAsync();
        await sourceDatabase.DisposeAsync();
        await targetDatabase.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_copy_has_everything()
    {
        await FillAsync(_source);

        var report = await Mover.CopyAsync(_source, _target, CancellationToken.None);

        Assert.Equal(
            [Accounts, 2 * Accounts, 1, Accounts / 2, 2, 1, TotalMessages, Archived, 2, Rooms, 2 * Rooms, Archived, 2 * Nodes, 4 * Nodes, 4 * Nodes, 2, 1, 1],
            StoreCounts.Counted.Select(kind => report.Counts[kind]));
        Assert.Null(report.ResumedBehind);
        Assert.Equal(
            Enumerable.Range(0, (int)(report.Counts.Total / 1000) + 1).Select(i => i * 1000L), _progress.Select(progress => progress.Done));
        Assert.All(_progress, progress => Assert.Equal(report.Counts.Total - 1, progress.Total));
        Assert.Equal(await ExportAsync(_source), await ExportAsync(_target));
        Assert.Null(await TransferMark.FindAsync(_target, CancellationToken.None));
    }

    [Fact]
    public async Task A_file_has_everything_and_nobody_else_can_read_it()
    {
        await FillAsync(_source);

        var exported = await Mover.ExportAsync(_source, PathOf("store"), "test", CancellationToken.None);
        var imported = await Mover.ImportAsync(PathOf("store"), _target, CancellationToken.None);

        Assert.Equal(exported.Sha256, imported.Sha256);
        Assert.Equal(await ExportAsync(_source), await ExportAsync(_target));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(PathOf("store")));
    }

    [Fact]
    public async Task An_empty_store_can_be_moved()
    {
        await Mover.ExportAsync(_source, PathOf("store"), "test", CancellationToken.None);

        var imported = await Mover.ImportAsync(PathOf("store"), _target, CancellationToken.None);
        var copied = await Mover.CopyAsync(_source, _target, CancellationToken.None);

        Assert.All(StoreCounts.Counted, kind => Assert.Equal((0, 0), (imported.Counts[kind], copied.Counts[kind])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(10)]
    public async Task An_interrupted_copy_goes_on_where_it_stopped(int batches)
    {
        await FillAsync(_source);
        await Assert.ThrowsAsync<StoreException>(() => Mover.CopyAsync(_source, Failing(batches), CancellationToken.None));
        var refusal = await Assert.ThrowsAsync<StoreException>(async () => await TransferMark.RequireNoneAsync(_target, CancellationToken.None));
        Assert.Contains(_source.Status.Location, refusal.Message, StringComparison.Ordinal);
        var before = await _target.Accounts.ListAsync(Host, null, Accounts, CancellationToken.None);
        var rooms = await _target.Rooms.ListAsync("chat.b.example", new(), Rooms, CancellationToken.None);

        var report = await Mover.CopyAsync(_source, _target, CancellationToken.None);

        Assert.Contains(report.ResumedBehind, before.Select(account => account.Jid).Concat(rooms.Select(room => room.Room)));
        Assert.Equal(batches == 10, report.ResumedBehind!.Domain.StartsWith("chat.", StringComparison.Ordinal));
        Assert.Equal(await ExportAsync(_source), await ExportAsync(_target));
        await TransferMark.RequireNoneAsync(_target, CancellationToken.None);
    }

    [Fact]
    public async Task An_import_that_is_broken_off_again_and_again_ends_with_everything()
    {
        await FillAsync(_source);
        await Mover.ExportAsync(_source, PathOf("store"), "test", CancellationToken.None);
        var attempts = 0;

        while (true)
        {
            try
            {
                // The account that takes more than this could never be completed.
                await Mover.ImportAsync(PathOf("store"), Failing(batches: 6), CancellationToken.None);
                break;
            }
            catch (StoreException)
            {
                attempts++;
            }
        }

        Assert.True(attempts > 0);
        Assert.Equal(await ExportAsync(_source), await ExportAsync(_target));
    }

    [Fact]
    public async Task A_transfer_can_be_cancelled_and_resumed()
    {
        await FillAsync(_source);
        using var cancellation = new CancellationTokenSource();
        var impatient = new StoreMover(new FixedClock(Now), progress =>
        {
            if (progress.Done >= 3000)
                cancellation.Cancel();
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.CopyAsync(_source, _target, cancellation.Token));
        await Mover.CopyAsync(_source, _target, CancellationToken.None);

        Assert.Equal(await ExportAsync(_source), await ExportAsync(_target));
    }

    [Fact]
    public async Task A_source_that_has_changed_since_is_not_resumed()
    {
        await FillAsync(_source);
        await Assert.ThrowsAsync<StoreException>(() => Mover.CopyAsync(_source, Failing(batches: 4), CancellationToken.None));
        await _source.Offline.AddAsync(JidOf(0), Now, Octets("<message/>"), int.MaxValue, CancellationToken.None);

        var refusal = await Assert.ThrowsAsync<TransferException>(() => Mover.CopyAsync(_source, _target, CancellationToken.None));

        Assert.Contains("start anew", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(async () => await TransferMark.RequireNoneAsync(_target, CancellationToken.None));
    }

    [Fact]
    public async Task A_source_that_changes_meanwhile_is_noticed()
    {
        await FillAsync(_source);
        var changing = new HookedStore(_target, batch =>
        {
            _source.Offline.AddAsync(JidOf(0), Now, Octets("<message/>"), int.MaxValue, CancellationToken.None).AsTask().Wait();
            return batch;
        });

        var refusal = await Assert.ThrowsAsync<TransferException>(() => Mover.CopyAsync(_source, changing, CancellationToken.None));

        Assert.Contains("offline messages", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_gets_lost_is_noticed()
    {
        await FillAsync(_source);
        var losing = new HookedStore(_target, batch => [.. batch.Where(record => record is not BlockedRecord)]);

        var refusal = await Assert.ThrowsAsync<TransferException>(() => Mover.CopyAsync(_source, losing, CancellationToken.None));

        Assert.Contains($"moved {Accounts / 2} blocked addresses, and there are 0", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(async () => await TransferMark.RequireNoneAsync(_target, CancellationToken.None));
    }

    [Fact]
    public async Task Only_an_empty_store_is_filled()
    {
        await FillAsync(_source);
        await Mover.ExportAsync(_source, PathOf("store"), "test", CancellationToken.None);
        await _target.GetOrCreateSecretAsync("a server was started on it", 16, CancellationToken.None);
        await _target.Settings.SetAsync("host", "name", "value", CancellationToken.None);

        var refusal = await Assert.ThrowsAsync<TransferException>(() => Mover.CopyAsync(_source, _target, CancellationToken.None));
        Assert.Contains("1 settings", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TransferException>(() => Mover.ImportAsync(PathOf("store"), _target, CancellationToken.None));
        Assert.Equal(0, (await _target.Transfer.CountAsync(Now, CancellationToken.None))[RecordKind.Account]);

        await _target.Settings.SetAsync("host", "name", null, CancellationToken.None);
        await Mover.CopyAsync(_source, _target, CancellationToken.None);
    }

    [Fact]
    public async Task A_store_that_is_incomplete_is_no_source()
    {
        await FillAsync(_source);
        await Assert.ThrowsAsync<StoreException>(() => Mover.CopyAsync(_source, Failing(batches: 4), CancellationToken.None));

        await Assert.ThrowsAsync<StoreException>(() => Mover.ExportAsync(_target, PathOf("store"), "test", CancellationToken.None));
        await Assert.ThrowsAsync<StoreException>(() => Mover.CopyAsync(_target, _source, CancellationToken.None));
        Assert.False(File.Exists(PathOf("store")));
    }

    private const string Host = "a.example";

    private static int TotalMessages => MessagesEach * (Accounts - 1) + MessagesOfOne;

    /// <summary>Accounts on two hosts, with some of everything.</summary>
    private static async Task FillAsync(IStore store)
    {
        for (var i = 0; i < Accounts; i++)
            await store.Transfer.RestoreAsync([.. NewAccount(i)], CancellationToken.None);
        await store.Transfer.RestoreAsync([.. Enumerable.Range(0, Rooms).SelectMany(NewRoom)], CancellationToken.None);
        await store.Transfer.RestoreAsync(
            [
                .. Enumerable.Range(0, Nodes).SelectMany(i => NewNode(JidOf(i * (Accounts - 1) / (Nodes - 1)), "node")),
                .. Enumerable.Range(0, Nodes).SelectMany(i => NewNode(Jid.Parse("pubsub.a.example"), $"node{i:d2}")),
            ],
            CancellationToken.None);
        await store.Transfer.RestoreAsync(
            [
                new InvitationRecord(new("one", Host, JidOf(3), true, "reserved", Now.AddDays(1), 2)),
                new InvitationRecord(new("two", Host, null, false, null, Now.AddDays(2), 1)),
                new InvitationRecord(new("expired", Host, null, false, null, Now.AddDays(-2), 1)),
                new SettingRecord(Host, "motd", "Hark!"),
                new SecretRecord("secret", new byte[] { 1, 2, 3 }),
                new RetiredRosterVersionRecord(0),
            ],
            CancellationToken.None);
    }

    private static IEnumerable<StoreRecord> NewAccount(int i)
    {
        var jid = JidOf(i);
        yield return new AccountRecord(
            new(jid, [new("SHA-256", Octets("salt"), 4096, Octets($"stored{i}"), Octets("server"))], i % 7 != 0, Now.AddDays(-i), i == 0 ? null : Now),
            1000 + i, i);
        yield return new ContactRecord(jid, new(Jid.Parse("juliet@capulet.example"))
        {
            IsListed = true,
            Subscription = SubscriptionState.Both,
            Name = "J \"\U0001F339\"",
            Groups = ["Friends", "A\\B"],
            Version = 900 + i,
        });
        yield return new ContactRecord(jid, new(Jid.Parse("tybalt@capulet.example"))
        {
            Request = Element.Parse("<presence type='subscribe' from='tybalt@capulet.example'><status>It's me &amp; mine</status></presence>"),
        });
        if (i == 1)
            yield return new RemovalRecord(jid, Jid.Parse("paris@capulet.example"), 1000);
        if (i % 2 == 0)
            yield return new BlockedRecord(jid, Jid.Parse("capulet.example"));
        if (i == 2)
        {
            yield return new DataRecord(jid, "private", "ns", new byte[] { 0, 255 });
            yield return new DataRecord(jid, "vcard", "", Octets("<vCard xmlns='vcard-temp'><FN>é\t</FN></vCard>"));
            yield return new LastSeenRecord(jid, new(Now.AddHours(-1), Octets("<presence type='unavailable'/>")));
        }

        for (var message = 0; message < (i == Accounts / 2 ? MessagesOfOne : MessagesEach); message++)
            yield return new MessageRecord(jid, Now.AddMilliseconds(message), Octets($"<message><body>{i} {message}</body></message>"));
        if (i != 5)
            yield break;
        for (var message = 0; message < Archived; message++)
        {
            yield return new ArchivedRecord(new(
                jid, SortableId.New(Now.AddDays(message)),
                Jid.Parse(message % 3 == 0 ? "nurse@capulet.example" : "romeo@montague.example/orchard"),
                message % 2 == 0, Octets($"<message>{message}</message>"), message % 5 == 0 ? null : $" word{message} 東京 ",
                message % 7 != 0));
        }

        yield return new ReadMarkRecord(jid, Jid.Parse("nurse@capulet.example"), SortableId.New(Now));
        yield return new ReadMarkRecord(jid, Jid.Parse("romeo@montague.example"), SortableId.New(Now.AddDays(50)));
    }

    private static IEnumerable<StoreRecord> NewRoom(int i)
    {
        var jid = Jid.Parse($"room{i:d3}@{(i < Rooms / 2 ? "chat.a.example" : "chat.b.example")}");
        var settings = new RoomSettings(
            i % 3 == 0 ? null : $"Room {i}", i % 2 == 0, i % 5 != 0, new Dictionary<string, string> { ["b"] = "é", ["a"] = $"{i}" });
        var subject = i % 4 == 0 ? null : new RoomSubject($"subject {i}", i % 3 == 0 ? null : "nick", i % 5 == 0 ? null : JidOf(1), Now);
        yield return new RoomRecord(new(jid, Now.AddDays(-i), settings, subject, []));
        yield return new RoomMemberRecord(
            jid, new(JidOf(0), Affiliation.Owner) { Version = i, Notifications = RoomNotifications.OnMention });
        yield return new RoomMemberRecord(jid, new(JidOf(1), Affiliation.Outcast) { Reason = "Treason", Nick = "hag" });
        for (var message = 0; i == 7 && message < Archived; message++)
        {
            yield return new RoomArchivedRecord(new(
                jid, SortableId.New(Now.AddDays(message)), JidOf(message % 3), true, Octets($"<message>{message}</message>"), null, false));
        }
    }

    private static IEnumerable<StoreRecord> NewNode(Jid owner, string name)
    {
        var settings = new Dictionary<string, string> { ["pubsub#title"] = "é", ["a"] = "1" };
        yield return new NodeRecord(new(owner, name, Now.AddDays(-1), settings, []));
        yield return new NodeMemberRecord(owner, name, new(JidOf(0), NodeAffiliation.Owner) { Options = settings });
        yield return new NodeMemberRecord(owner, name, new(JidOf(1), NodeAffiliation.None, NodeSubscription.Subscribed));
        yield return new NodeItemRecord(owner, name, new("1", SortableId.New(Now), JidOf(2), Octets("<a xmlns='b'/>")));
        yield return new NodeItemRecord(owner, name, new("0", SortableId.New(Now.AddDays(1)), null, default));
    }

    private static Jid JidOf(int i) => Jid.Parse($"user{i:d3}@{(i < Accounts - 5 ? Host : "b.example")}");

    /// <summary>The target, until a batch fails.</summary>
    private HookedStore Failing(int batches) => new(_target, batch => batches-- > 0
        ? batch
        : throw new StoreException(StanzaErrorCondition.ResourceConstraint, "Announced"));

    /// <summary>All of a store but the header of the file.</summary>
    private async Task<string> ExportAsync(IStore store)
    {
        var path = PathOf(Guid.NewGuid().ToString());
        await Mover.ExportAsync(store, path, "test", CancellationToken.None);
        var text = await File.ReadAllTextAsync(path);
        return text[text.IndexOf('\n', StringComparison.Ordinal)..];
    }

    private string PathOf(string name) => Path.Combine(_directory.Path, name);

    private static ReadOnlyMemory<byte> Octets(string text) => Encoding.UTF8.GetBytes(text);

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
