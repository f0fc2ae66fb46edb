using Xmpp.MongoGateway.Bson;

namespace Xmpp.MongoGateway.Wire;

/// <summary>A command as a client sent it.</summary>
/// <param name="Body">The command's document, without what was sent beside it.</param>
/// <param name="Sequences">Lists of documents that were sent beside it, by name: one document behind the other.</param>
/// <param name="WantsReply">False for what is written with w: 0.</param>
public sealed record Request(BsonDocument Body, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Sequences, bool WantsReply)
{
    private readonly BsonElement _first = Body.Elements().FirstOrDefault();

    /// <summary>The command's name, which is that of its first element.</summary>
    public string Name => _first.Name ?? "";

    public string Database => Body["$db"]?.Text ?? "admin";

    /// <summary>The collection that the command is for; empty when it names none.</summary>
    public string Collection => _first.Text;

    /// <summary>The value beside the command's name.</summary>
    public BsonElement Argument => _first;

    /// <summary>What belongs to a session of the driver's: its id, or null.</summary>
    public string? Session => Body["lsid"] is { } session && session.Document["id"] is { } id ? Convert.ToHexString(id.Binary.Span) : null;

    /// <summary>The number of the transaction or of the write that may be retried.</summary>
    public long? TransactionNumber => Body["txnNumber"]?.Number;

    public bool IsInTransaction => Body["autocommit"] is not null;
}
