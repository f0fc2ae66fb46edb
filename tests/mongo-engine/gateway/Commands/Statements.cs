using System.Data;
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

    /// <summary>
    /// Carries out a command of several writes whole, so that it can be tried again, and once, however often it comes: what it was
    /// answered is kept together with what it wrote. Of single writes the engine takes care.
    /// </summary>
    /// <param name="key">Null: it won't come again.</param>
    public Task<BsonDocument> WholeAsync(Request request, string? key, string sql, params NpgsqlParameter[] parameters) =>
        TryAgainAsync(() => WholeAsync(key, sql, LimitOf(request), parameters));

    public async Task<object?[]> RowAsync(Request request, string sql, params NpgsqlParameter[] parameters)
    {
        var limit = LimitOf(request);
        if (await transactions.FindAsync(request) is { } transaction)
        {
            try
            {
                return await transaction.RowAsync(sql, limit, parameters);
            }
            catch
            {
                // Whoever waits for what it has changed need not wait until its client gives it up.
                await transactions.FailAsync(request);
                throw;
            }
        }
        return await TryAgainAsync(async () =>
        {
            await using var connection = await engine.OpenAsync();
            return await Engine.RowAsync(connection, sql, limit, parameters.Select(parameter => parameter.Clone()));
        });
    }

    private async Task<BsonDocument> WholeAsync(string? key, string sql, TimeSpan limit, NpgsqlParameter[] parameters)
    {
        await using var transaction = await Transaction.BeginAsync(await engine.OpenAsync(), 0, IsolationLevel.ReadCommitted);
        // Whoever comes while the first is still at it waits here.
        if (key is not null && await transaction.RowAsync(RepeatedWrites.Begin, TimeSpan.Zero, Engine.Parameter(key)) is [])
            return new BsonDocument((byte[])(await transaction.RowAsync(RepeatedWrites.Find, TimeSpan.Zero, Engine.Parameter(key)))[0]!);
        var row = await transaction.RowAsync(sql, limit, parameters.Select(parameter => parameter.Clone()));
        var reply = new BsonDocument((byte[])row[0]!);
        if (key is not null)
            await transaction.RowAsync(RepeatedWrites.Keep, TimeSpan.Zero, Engine.Parameter(key), Engine.Parameter(reply));
        await transaction.CommitAsync();
        return reply;
    }

    private static TimeSpan LimitOf(Request request) => TimeSpan.FromMilliseconds(request.Body["maxTimeMS"]?.Number ?? 0);

    private static async Task<T> TryAgainAsync<T>(Func<Task<T>> work)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await work();
            }
            catch (MongoException error) when (error.Error == MongoError.WriteConflict && tries < MaxTries)
            {
                // Writes that got into each other's way: mongod, too, tries again by itself.
                await Task.Delay(Random.Shared.Next(tries * 2));
            }
        }
    }
}
