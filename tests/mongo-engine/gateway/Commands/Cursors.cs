using System.Collections.Concurrent;
using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>Queries whose answers come in pages.</summary>
internal sealed class Cursors(Statements statements)
{
    private const int MaxOpen = 10_000;

    // What the engine wants back with the request for the next page.
    private readonly ConcurrentDictionary<long, BsonDocument> _continuations = new();

    /// <summary>The first page.</summary>
    /// <param name="function">The engine's function.</param>
    public async Task<BsonDocument> OpenAsync(Request request, string function)
    {
        var row = await statements.RowAsync(
            request,
            "SELECT cursorpage::bytea, continuation::bytea, persistconnection, cursorid"
                + $" FROM documentdb_api.{function}($1, $2{Statements.AsBson})",
            Engine.Parameter(request.Database), Engine.Parameter(request.Body));
        if (row[1] is byte[] continuation && row[3] is long id and not 0)
        {
            if (row[2] is true)
                throw new MongoException(MongoError.InternalError, "the engine needs documentdb.useFileBasedPersistedCursors");
            if (_continuations.Count >= MaxOpen)
                throw new MongoException(MongoError.IllegalOperation, "there are too many open cursors");
            _continuations[id] = new BsonDocument(continuation);
        }
        return new BsonDocument((byte[])row[0]!);
    }

    /// <summary>getMore.</summary>
    public async Task<BsonDocument> ContinueAsync(Request request)
    {
        var id = request.Argument.Number;
        if (!_continuations.TryRemove(id, out var continuation))
            throw new MongoException(MongoError.CursorNotFound, $"cursor id {id} not found");
        var row = await statements.RowAsync(
            request,
            "SELECT cursorpage::bytea, continuation::bytea"
                + $" FROM documentdb_api.cursor_get_more($1, $2{Statements.AsBson}, $3{Statements.AsBson})",
            Engine.Parameter(request.Database), Engine.Parameter(request.Body), Engine.Parameter(continuation));
        if (row[1] is byte[] next)
            _continuations[id] = new BsonDocument(next);
        return new BsonDocument((byte[])row[0]!);
    }

    /// <summary>killCursors.</summary>
    public async Task<BsonDocument> KillAsync(Request request)
    {
        var asked = request.Body["cursors"]?.Document.Elements().Select(id => id.Number).ToArray() ?? [];
        var killed = asked.Where(id => _continuations.TryRemove(id, out _)).ToArray();
        if (killed.Length > 0)
            await statements.RowAsync(request, "SELECT documentdb_api_internal.delete_cursors($1)::bytea", Engine.Parameter(killed));
        return AddIds(AddIds(AddIds(AddIds(new BsonBuilder(), "cursorsKilled", killed), "cursorsNotFound", [.. asked.Except(killed)]),
            "cursorsAlive", []), "cursorsUnknown", []).ToReply();
    }

    /// <summary>Forgets all, as a server does that dies.</summary>
    public void Clear() => _continuations.Clear();

    private static BsonBuilder AddIds(BsonBuilder reply, string name, long[] ids) =>
        reply.AddArray(name, ids, (array, index, id) => array.Add(index, id));
}
