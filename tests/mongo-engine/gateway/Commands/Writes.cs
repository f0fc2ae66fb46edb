using System.Buffers.Binary;
using Npgsql;
using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>insert, update, delete and findAndModify.</summary>
internal sealed class Writes(Statements statements)
{
    public async Task<BsonDocument> WriteAsync(Request request)
    {
        // null alone would become an empty list of documents.
        var beside = request.Sequences.Count > 0 ? request.Sequences.Values.First() : default(ReadOnlyMemory<byte>?);
        var ns = NamespaceOf(request);
        var sql = "SELECT p_result::bytea FROM"
            + $" documentdb_api.{request.Name}($1, $2{Statements.AsBson}, $3{Statements.AsBsonSequence}, $4)";
        var key = RetryKey(request);
        var several = !request.IsInTransaction && HasSeveral(request);
        NpgsqlParameter[] parameters =
        [
            Engine.Parameter(request.Database), Engine.Parameter(request.Body), Engine.Parameter(beside),
            Engine.Parameter(several ? null : key),
        ];
        try
        {
            var reply = several
                ? await statements.WholeAsync(request, key, sql, parameters)
                : await statements.DocumentAsync(request, sql, parameters);
            return EngineErrors.TranslateWriteErrors(reply, ns);
        }
        catch (MongoException error)
        {
            throw EngineErrors.InWordsOfMongo(error, ns);
        }
    }

    public async Task<BsonDocument> FindAndModifyAsync(Request request)
    {
        try
        {
            return await statements.DocumentAsync(
                request,
                $"SELECT p_result::bytea FROM documentdb_api.find_and_modify($1, $2{Statements.AsBson}, $3)",
                Engine.Parameter(request.Database), Engine.Parameter(request.Body), Engine.Parameter(RetryKey(request)));
        }
        catch (MongoException error)
        {
            throw EngineErrors.InWordsOfMongo(error, NamespaceOf(request));
        }
    }

    /// <summary>Under this key is remembered what came of a write, so that it isn't done twice. Null: it won't come again.</summary>
    private static string? RetryKey(Request request) =>
        request.TransactionNumber is { } number && !request.IsInTransaction ? $"{request.Session}/{number}" : null;

    // The engine would take every second of several deletions for a repetition of the one before.
    private static bool HasSeveral(Request request) => request.Sequences.Count > 0
        ? request.Sequences.Values.First().Span is { IsEmpty: false } first && BinaryPrimitives.ReadInt32LittleEndian(first) < first.Length
        : request.Body[$"{request.Name}s"]?.Document.Elements().Skip(1).Any() == true;

    private static string NamespaceOf(Request request) => $"{request.Database}.{request.Collection}";
}
