using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>What tests of MongoDB's own need: a store, and a connection that looks and acts behind its back.</summary>
public abstract class MongoTest : IAsyncLifetime
{
    protected static readonly Jid Juliet = Jid.Parse("juliet@capulet.example");
    protected static readonly Jid Romeo = Jid.Parse("romeo@montague.example");
    protected static readonly DateTimeOffset Created = new(2126, 11, 20, 12, 34, 56, 789, TimeSpan.Zero);

    internal MongoDatabase Database { get; } = new(isNew: false);

    /// <summary>The store's.</summary>
    internal ManualTimers Time { get; } = new();

    internal MongoStore Store { get; private set; } = null!;

    internal MongoConnection Behind { get; private set; } = null!;

    internal MongoCollections Collections { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Behind = Database.Connect();
        Collections = new MongoCollections(Behind);
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Store is not null)
            await Store.DisposeAsync();
        if (Behind is not null)
            await Behind.DisposeAsync();
        await Database.DisposeAsync();
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        await OpenAsync();
    }

    protected async Task AddAsync(Jid account) =>
        Assert.True(await Store.Accounts.AddAsync(new Account(account, [], Enabled: true, Created, null), CancellationToken.None));

    /// <summary>Something of each kind.</summary>
    protected async Task FillAsync(Jid account)
    {
        var version = Created.ToUnixTimeMilliseconds();
        await Store.Rosters.ApplyAsync(account, new(version + 1) { Saved = [Listed("a"), Listed("b")] }, CancellationToken.None);
        await Store.Rosters.ApplyAsync(account, new(version + 2) { Deleted = [Contact("b")] }, CancellationToken.None);
        await Store.Offline.AddAsync(account, Created, Octets("a message"), 10, CancellationToken.None);
        await Store.BlockLists.ChangeAsync(account, [Contact("blocked")], [], CancellationToken.None);
        await Store.AccountData.SetAsync(account, "kind", "key", Octets("value"), new(10, 100), CancellationToken.None);
        await Store.Invitations.AddAsync(
            new($"invitation of {account}", account.Domain, account, true, null, Created.AddDays(1), 1), CancellationToken.None);
        await Store.Archive.AddAsync(
            [
                new ArchiveEntry(account, new(1), Contact("a"), true, Octets("<message/>"), "text", true),
                new ArchiveEntry(account, new(2), Contact("a"), true, Octets("<message/>"), "text", true),
            ],
            CancellationToken.None);
        await Store.LastSeen.SetAsync(account, new(Created, Octets("<presence/>")), CancellationToken.None);
        await Store.Accounts.SetLastLoginAsync(account, Created, CancellationToken.None);
        await WriteNotesAsync();
    }

    protected async Task WriteNotesAsync()
    {
        Time.Fire();
        await Store.LastLogins.Flush;
        await Store.LastSeenNotes.Flush;
        await Store.Deleted.Sweep;
    }

    /// <summary>The documents that an account has, by collection.</summary>
    internal async Task<long[]> CountDataAsync(AccountId account)
    {
        var counts = new List<long>();
        foreach (var (collection, of) in Collections.DataOfAccounts)
            counts.Add(await collection.CountAsync(of(account)));
        counts.Add(await Collections.ArchiveMessages.CountAsync(AccountDocuments.Of(account)));
        return [.. counts];
    }

    internal async Task<AccountId> IdOfAsync(Jid account) => (await Collections.Accounts.FindOneAsync<AccountId?>(
        AccountIds.ByName(account), static document => AccountIds.ReadId(document)))!.Value;

    /// <summary>Lets the store's next commands of a name fail, as if they had not come.</summary>
    protected Task FailAsync(string command, int times = 1) => FailPointAsync(w => w.Begin("mode").Int32("times", times).End(), command);

    protected Task FailNoMoreAsync() => FailPointAsync(w => w.String("mode", "off"), "none");

    protected static Jid Contact(string name) => Jid.Parse($"{name}@verona.example");

    protected static RosterEntry Listed(string name, long version = 1) => new(Contact(name)) { IsListed = true, Version = version };

    protected static ReadOnlyMemory<byte> Octets(string text) => Encoding.UTF8.GetBytes(text);

    private async Task OpenAsync() => Store = await MongoStore.OpenAsync(
        Database.Options, Time, TestContext.Current.CancellationToken);

    // 2, BadValue: the operation's own fault, which nobody repeats.
    private async Task FailPointAsync(Action<BsonWriter> mode, string command)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("XMPPCHAT_TEST_MONGODB_ENGINE") is null, "The server is not ours to break.");
        var point = BsonDocument.Build(w =>
        {
            w.String("configureFailPoint", "failCommand");
            mode(w);
            w.Begin("data").Strings("failCommands", [command]).Int32("errorCode", 2).String("appName", Database.Name).End();
        });
        await using var admin = MongoConnection.Open(
            new MongoStoreOptions { Uri = MongoDatabase.Uri!, Database = "admin", Threads = 1 }, new StoreHealth(() => { }));
        await admin.CommandAsync(point, static _ => true, CancellationToken.None);
    }
}
