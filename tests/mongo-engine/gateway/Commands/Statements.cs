using Npgsql;
using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>Runs the SQL of a command: within its transaction, or by itself.</summary>
internal sealed class Statements(Engine engine, Transactions transactions)
{
    // Behind a parameter, which is bytea.
    public const string AsBson = "::bytea::documentdb_core.bson";
    public const string AsBsonSequence = "::bytea::documentdb_core.bsonsequence";

    private const int MaxTries = 20;

    /// <summary>The document in the first column of the first row.</summary>
    public async Task<BsonDocument> DocumentAsync(Request request, string sql, params NpgsqlParameter[] parameters) =>
        await RowAsync(request, sql, parameters) is [byte[] document, ..]
            ? new BsonDocument(document)
            : throw new MongoException(MongoError.InternalError, "the engine has no answer");

    public async Task<object?[]> RowAsync(Request request, string sql, params NpgsqlParameter[] parameters)
    {
        var limit = TimeSpan.FromMilliseconds(request.Body["maxTimeMS"]?.Number ?? 0);
        if (await transactions.FindAsync(request) is { } transaction)
            return await transaction.RowAsync(sql, limit, parameters);
        for (var tries = 1; ; tries++)
        {
            await using var connection = await engine.OpenAsync();
            try
            {
                return await Engine.RowAsync(connection, sql, limit, parameters.Select(parameter => parameter.Clone()));
            }
            catch (MongoException error) when (error.Error == MongoError.WriteConflict && tries < MaxTries)
            {
                // Writes that got into each other's way: mongod, too, tries again by itself.
                await Task.Delay(Random.Shared.Next(tries * 2));
            }
        }
    }
}
