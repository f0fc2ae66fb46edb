using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>Databases, collections and indexes.</summary>
internal sealed class Catalogue(Statements statements)
{
    public Task<BsonDocument> CreateAsync(Request request) =>
        ForDatabaseAsync(request, $"documentdb_api.create_collection_view($1, $2{Statements.AsBson})");

    public async Task<BsonDocument> CreateIndexesAsync(Request request)
    {
        // At once; the engine's public function leaves it to a job that runs every two seconds.
        var reply = await ForDatabaseAsync(request, $"documentdb_api_internal.create_indexes_non_concurrently($1, $2{Statements.AsBson})");
        // The engine answers for each of its shards, of which there is one.
        if (reply["raw"] is not { } shards)
            return reply;
        var shard = shards.Document.Elements().First().Document;
        if (shard["ok"]?.Number != 1)
            throw EngineErrors.InWordsOfMongo(EngineErrors.ToMongo(shard), $"{request.Database}.{request.Collection}");
        return shard;
    }

    public Task<BsonDocument> DropIndexesAsync(Request request) =>
        ForDatabaseAsync(request, $"documentdb_api_internal.drop_indexes_non_concurrently($1, $2{Statements.AsBson})");

    public Task<BsonDocument> ModifyAsync(Request request) => statements.DocumentAsync(
        request,
        $"SELECT documentdb_api.coll_mod($1, $2, $3{Statements.AsBson})::bytea",
        Engine.Parameter(request.Database), Engine.Parameter(request.Collection), Engine.Parameter(request.Body));

    public async Task<BsonDocument> DropAsync(Request request)
    {
        await statements.RowAsync(
            request,
            "SELECT documentdb_api.drop_collection($1, $2)",
            Engine.Parameter(request.Database), Engine.Parameter(request.Collection));
        return new BsonBuilder().Add("ns", $"{request.Database}.{request.Collection}").ToReply();
    }

    public async Task<BsonDocument> DropDatabaseAsync(Request request)
    {
        await statements.RowAsync(request, "SELECT 1 FROM documentdb_api.drop_database($1)", Engine.Parameter(request.Database));
        return new BsonBuilder().Add("dropped", request.Database).ToReply();
    }

    public Task<BsonDocument> RenameAsync(Request request) => statements.DocumentAsync(
        request, $"SELECT documentdb_api.rename_collection($1{Statements.AsBson})::bytea", Engine.Parameter(request.Body));

    public Task<BsonDocument> ListDatabasesAsync(Request request) => statements.DocumentAsync(
        request, $"SELECT documentdb_api.list_databases($1{Statements.AsBson})::bytea", Engine.Parameter(request.Body));

    public Task<BsonDocument> CollectionStatisticsAsync(Request request) => statements.DocumentAsync(
        request,
        "SELECT documentdb_api.coll_stats($1, $2)::bytea",
        Engine.Parameter(request.Database), Engine.Parameter(request.Collection));

    public Task<BsonDocument> DatabaseStatisticsAsync(Request request) => statements.DocumentAsync(
        request, "SELECT documentdb_api.db_stats($1)::bytea", Engine.Parameter(request.Database));

    private Task<BsonDocument> ForDatabaseAsync(Request request, string call) => statements.DocumentAsync(
        request, $"SELECT {call}::bytea", Engine.Parameter(request.Database), Engine.Parameter(request.Body));
}
