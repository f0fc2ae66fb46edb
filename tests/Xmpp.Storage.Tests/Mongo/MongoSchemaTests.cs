using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

public sealed class MongoSchemaTests : IAsyncLifetime
{
    private readonly MongoDatabase _database = new();
    private MongoConnection _connection = null!;
    private MongoCollections _collections = null!;

    public static TheoryData<string, string> Indexes { get; } = new()
    {
        { "account", "account_name: host 1, name 1; unique" },
        { "roster_entry", "roster_entry_removed: _id.a 1, removed 1; partial" },
        { "invitation", "invitation_host: host 1, expires 1, _id 1" },
        { "invitation", "invitation_inviter: inviter 1, expires 1" },
        { "invitation", "invitation_username: host 1, username 1" },
        { "invitation", "invitation_expires: expires 1; after 86400" },
        { "archive_message", "archive_message_peer: _id.a 1, c 1, _id.i 1, u 1" },
        { "archive_conversation", "archive_conversation_last: _id.a 1, last -1" },
        { "upload.files", "upload_filename: filename 1; unique" },
        { "upload.chunks", "files_id_1_n_1: files_id 1, n 1; unique" },
    };

    public ValueTask InitializeAsync()
    {
        _connection = _database.Connect();
        _collections = new MongoCollections(_connection);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public async Task Each_index_is_there(string collection, string index)
    {
        await (await _database.OpenAsync()).DisposeAsync();

        Assert.Contains(index, await ListIndexesAsync(collection));
    }

    [Fact]
    public async Task Several_that_open_an_empty_database_at_once_agree()
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            await using var store = await _database.OpenAsync();
            await store.Accounts.AddAsync(new(Jid.Parse("juliet@capulet.example"), [], true, default, null), CancellationToken.None);
            var secret = await store.GetOrCreateSecretAsync("secret", 16, CancellationToken.None);
            return (store.Status.SchemaVersion, Convert.ToHexString(secret));
        }, TestContext.Current.CancellationToken)));

        Assert.Single(opened.Distinct());
        Assert.Equal(MongoSchema.Migrations.Count, await ReadVersionAsync());
        Assert.Equal(1, await _collections.Accounts.CountAsync(default, null, CancellationToken.None));
        Assert.Equal(Indexes.Count(index => index.Data.Item1 == "invitation") + 1, (await ListIndexesAsync("invitation")).Count);
    }

    [Fact]
    public async Task An_old_database_gets_the_steps_that_it_has_not_had()
    {
        await (await _database.OpenAsync()).DisposeAsync();
        var steps = new List<string>();

        await OpenAsync([.. MongoSchema.Migrations, (_, _) => Note("one more"), (_, _) => Note("and another")]);
        Assert.Equal(["one more", "and another"], steps);
        Assert.Equal(MongoSchema.Migrations.Count + 2, await ReadVersionAsync());

        await OpenAsync([.. MongoSchema.Migrations, (_, _) => Note("again"), (_, _) => Note("and again")]);
        Assert.Equal(2, steps.Count);

        ValueTask Note(string step)
        {
            steps.Add(step);
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task A_step_that_failed_is_done_again_and_those_before_are_not()
    {
        var done = 0;
        Func<MongoCollections, CancellationToken, ValueTask> first = (_, _) =>
        {
            done++;
            return ValueTask.CompletedTask;
        };
        Func<MongoCollections, CancellationToken, ValueTask> fails = (_, _) =>
            throw new StoreException(StanzaErrorCondition.ResourceConstraint, "The database went away.");
        await Assert.ThrowsAsync<StoreException>(() => OpenAsync([first, fails]));
        Assert.Equal(1, await ReadVersionAsync());

        await OpenAsync([first, first]);

        Assert.Equal((2, 2), (done, await ReadVersionAsync()));
    }

    [Fact]
    public async Task A_newer_database_is_refused_and_stays_as_it_is()
    {
        await OpenAsync([.. MongoSchema.Migrations, (_, _) => ValueTask.CompletedTask]);

        var refusal = await Assert.ThrowsAsync<StoreException>(async () => await _database.OpenAsync());

        Assert.Contains($"schema version {MongoSchema.Migrations.Count + 1}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(_database.Name, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(MongoSchema.Migrations.Count + 1, await ReadVersionAsync());
    }

    [Fact]
    public async Task The_database_of_another_program_is_refused_and_stays_as_it_is()
    {
        await _collections.Accounts.InsertAsync(BsonDocument.Build(w => w.String("_id", "somebody")), CancellationToken.None);

        var refusal = await Assert.ThrowsAsync<StoreException>(async () => await _database.OpenAsync());

        Assert.Contains("another program", refusal.Message, StringComparison.Ordinal);
        Assert.Single(await ListIndexesAsync("account"));
        Assert.Null(await ReadVersionAsync());
    }

    private async Task OpenAsync(IReadOnlyList<Func<MongoCollections, CancellationToken, ValueTask>> migrations) =>
        await (await MongoStore.OpenAsync(_database.Options, TimeProvider.System, migrations, CancellationToken.None)).DisposeAsync();

    private async Task<int?> ReadVersionAsync() =>
        await _collections.Schema.FindOneAsync<int?>(default, static document => document.Get("version"u8).Int32);

    private async Task<List<string>> ListIndexesAsync(string collection)
    {
        var command = BsonDocument.Build(w => w.String("listIndexes", collection));
        return await _connection.CommandAsync(command, static reply =>
        {
            var indexes = new List<string>();
            var batch = reply.Get("cursor"u8).Document.Get("firstBatch"u8).Array;
            while (batch.Next())
                indexes.Add(Describe(batch.Document));
            return indexes;
        }, CancellationToken.None);
    }

    private static string Describe(BsonReader index)
    {
        var keys = new List<string>();
        var key = index.Get("key"u8).Document;
        while (key.Next())
            keys.Add($"{Encoding.UTF8.GetString(key.Name)} {key.Int64}");
        var description = $"{index.Get("name"u8).String}: {string.Join(", ", keys)}";
        if (index.Has("unique"u8) && index.Bool)
            description += "; unique";
        if (index.Has("partialFilterExpression"u8))
            description += "; partial";
        if (index.Has("expireAfterSeconds"u8))
            description += $"; after {index.Int64}";
        return description;
    }
}
