using System.Text.RegularExpressions;
using Npgsql;
using Xmpp.MongoGateway.Bson;

namespace Xmpp.MongoGateway;

/// <summary>What the engine's errors are called in MongoDB.</summary>
internal static partial class EngineErrors
{
    // DocumentDB's own SQLSTATEs are "M" and the number of the error in a list of its own, to base 36.
    private static readonly Dictionary<string, MongoError> BySqlState = new()
    {
        ["M0000"] = MongoError.InternalError,
        ["M0001"] = MongoError.BadValue,
        ["M0002"] = MongoError.GraphContainsCycle,
        ["M0003"] = MongoError.FailedToParse,
        ["M0004"] = MongoError.TypeMismatch,
        ["M0005"] = MongoError.Overflow,
        ["M0006"] = MongoError.IllegalOperation,
        ["M0008"] = MongoError.NamespaceNotFound,
        ["M0009"] = MongoError.IndexNotFound,
        ["M000A"] = MongoError.PathNotViable,
        ["M000D"] = MongoError.ConflictingUpdateOperators,
        ["M000E"] = MongoError.CursorNotFound,
        ["M000F"] = MongoError.NamespaceExists,
        ["M000G"] = MongoError.DollarPrefixedFieldName,
        ["M000J"] = MongoError.EmptyFieldName,
        ["M000K"] = MongoError.DottedFieldName,
        ["M000M"] = MongoError.ImmutableField,
        ["M000N"] = MongoError.CannotCreateIndex,
        ["M000O"] = MongoError.IndexAlreadyExists,
        ["M000P"] = MongoError.InvalidOptions,
        ["M000Q"] = MongoError.InvalidNamespace,
        ["M000R"] = MongoError.IndexOptionsConflict,
        ["M000S"] = MongoError.IndexKeySpecsConflict,
        ["M000U"] = MongoError.CommandNotSupported,
        ["M0012"] = MongoError.InvalidIndexSpecificationOption,
        ["M0015"] = MongoError.ConversionFailure,
        ["M0016"] = MongoError.OperationNotSupportedInTransaction,
        ["M001B"] = MongoError.BsonObjectTooLarge,
        ["M001C"] = MongoError.DuplicateKey,
        ["M00CO"] = MongoError.DocumentValidationFailure,
        ["M00DO"] = MongoError.InvalidLength,
        ["M00EW"] = MongoError.LockTimeout,
        ["M00EX"] = MongoError.MaxTimeMSExpired,
        ["M00F1"] = MongoError.WriteConflict,
        // PostgreSQL's, https://www.postgresql.org/docs/18/errcodes-appendix.html
        ["0A000"] = MongoError.CommandNotSupported,
        ["22P02"] = MongoError.FailedToParse,
        ["23505"] = MongoError.DuplicateKey,
        ["23P01"] = MongoError.DuplicateKey,
        ["25P02"] = MongoError.NoSuchTransaction,
        ["40001"] = MongoError.WriteConflict,
        ["40P01"] = MongoError.WriteConflict,
        ["42P01"] = MongoError.NamespaceNotFound,
        ["53100"] = MongoError.OutOfDiskSpace,
        ["55P03"] = MongoError.LockTimeout,
        ["57014"] = MongoError.MaxTimeMSExpired,
    };

    /// <summary>Whether the error says that the engine, or the connection to it, is gone.</summary>
    public static bool IsLoss(string sqlState) =>
        sqlState.StartsWith("08", StringComparison.Ordinal) || sqlState is "57P01" or "57P02" or "57P03";

    public static MongoException ToMongo(PostgresException error)
    {
        var kind = BySqlState.GetValueOrDefault(error.SqlState, MongoError.UnknownError);
        var message = kind == MongoError.UnknownError ? $"{error.MessageText} (SQLSTATE {error.SqlState})" : error.MessageText;
        return new MongoException(kind, message);
    }

    /// <summary>
    /// Fails when one of the write errors in a reply says that the write got into another's way: the engine lists it with the others,
    /// mongod never does.
    /// </summary>
    public static void ThrowIfInConflict(BsonDocument reply)
    {
        var errors = reply["writeErrors"]?.Document.Elements().Select(error => ToMongo(error.Document)) ?? [];
        if (errors.FirstOrDefault(error => error.Error == MongoError.WriteConflict) is { } conflict)
            throw conflict;
    }

    /// <summary>The reply with MongoDB's numbers in its list of write errors, where the engine puts packed SQLSTATEs.</summary>
    /// <param name="ns">Database and collection.</param>
    public static BsonDocument TranslateWriteErrors(BsonDocument reply, string ns)
    {
        if (reply["writeErrors"] is null)
            return reply;
        var translated = new BsonBuilder();
        foreach (var element in reply.Elements())
        {
            if (element.Name == "writeErrors")
                translated.AddArray(
                    element.Name, element.Document.Elements(), (list, index, error) => list.Add(index, Translate(error.Document, ns)));
            else
                translated.Add(element);
        }
        return translated.ToDocument();
    }

    /// <summary>The exception that one of the engine's error documents stands for.</summary>
    public static MongoException ToMongo(BsonDocument error) =>
        new(KindOf(error), error["errmsg"]?.Text is { Length: > 0 } message ? message : "the engine gave no reason");

    /// <summary>A duplicate key as MongoDB tells it; anything else as it is.</summary>
    public static MongoException InWordsOfMongo(MongoException error, string ns) =>
        error.Error == MongoError.DuplicateKey ? new MongoException(error.Error, DuplicateKey(error.Message, ns)) : error;

    private static BsonBuilder Translate(BsonDocument error, string ns)
    {
        var kind = KindOf(error);
        var translated = new BsonBuilder();
        foreach (var element in error.Elements())
        {
            if (element.Name == "code")
                translated.Add("code", (int)kind);
            else if (element.Name == "errmsg" && kind == MongoError.DuplicateKey)
                translated.Add("errmsg", DuplicateKey(element.Text, ns));
            else
                translated.Add(element);
        }
        return translated;
    }

    private static string DuplicateKey(string message, string ns)
    {
        var index = IndexName().Match(message) is { Success: true } match ? match.Groups[1].Value : "_id_";
        return $"E11000 duplicate key error collection: {ns} index: {index} dup key";
    }

    private static MongoError KindOf(BsonDocument error)
    {
        var packed = (int)(error["code"]?.Number ?? 0);
        // Six bits for each character, the first one lowest.
        var state = string.Create(5, packed, static (characters, bits) =>
        {
            foreach (ref var character in characters)
            {
                character = (char)('0' + (bits & 0x3F));
                bits >>= 6;
            }
        });
        return BySqlState.GetValueOrDefault(state, MongoError.UnknownError);
    }

    [GeneratedRegex("Index '([^']+)'")]
    private static partial Regex IndexName();
}
