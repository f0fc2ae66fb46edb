using System.Text;
using Xmpp.Storage.Mongo;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>A command as it came over the wire.</summary>
internal sealed record FakeCommand(BsonDocument Body, IReadOnlyList<BsonDocument> Documents)
{
    public string Name { get; } = FirstName(Body);

    public string Collection => Body.Read().Get(Encoding.UTF8.GetBytes(Name)).String;

    public string Database => Body.Read().Get("$db"u8).String;

    /// <summary>Names a write that the driver may repeat; null for all other commands.</summary>
    public string? RetryKey => Body.Read() is var body && body.Find("txnNumber"u8) && body.Int64 is var number && body.Find("lsid"u8)
        ? $"{Convert.ToHexString(body.RawValue)}/{number}"
        : null;

    private static string FirstName(BsonDocument body)
    {
        var reader = body.Read();
        return reader.Next() ? Encoding.UTF8.GetString(reader.Name) : "";
    }
}
