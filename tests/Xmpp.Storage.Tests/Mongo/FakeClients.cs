using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>What the tests of the connection do again and again.</summary>
internal static class FakeClients
{
    public const string Name = "things";

    public static readonly CancellationToken None = CancellationToken.None;

    public static BsonDocument Thing(int id) => BsonDocument.Build(id, static (thing, id) => thing.Int32("_id", id));

    public static int IdOf(BsonDocument thing) => thing.Read().Get("_id"u8).Int32;

    public static int[] Things(this FakeDatabase database) => [.. database.Documents(Name).Select(IdOf)];

    public static MongoCollection Things(this MongoConnection connection) => connection.Collection(Name);

    public static ValueTask<bool> AddAsync(this MongoConnection connection, int id) => connection.Things().InsertAsync(Thing(id), None);

    public static ValueTask<List<int>> ListAsync(this MongoConnection connection) =>
        connection.Things().FindAsync(default, static thing => thing.Get("_id"u8).Int32, null, None);

    public static async Task<string> RefusedAsync<T>(ValueTask<T> operation, StanzaErrorCondition condition)
    {
        var refusal = await Assert.ThrowsAsync<StoreException>(async () => await operation);
        Assert.Equal(condition, refusal.Condition);
        return refusal.Message;
    }
}
