using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// An account's <c>_id</c>, an ObjectId. All its data is kept under it rather than under its name, so that what is left of an account
/// that was deleted belongs to nobody who may be found.
/// </summary>
internal readonly record struct AccountId(uint Seconds, ulong Random)
{
    public const int Size = 12;

    public static AccountId New(DateTimeOffset now)
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(random);
        return new((uint)now.ToUnixTimeSeconds(), BinaryPrimitives.ReadUInt64BigEndian(random));
    }

    public static AccountId Of(ReadOnlySpan<byte> objectId) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(objectId), BinaryPrimitives.ReadUInt64BigEndian(objectId[sizeof(uint)..]));

    public void CopyTo(Span<byte> objectId)
    {
        BinaryPrimitives.WriteUInt32BigEndian(objectId, Seconds);
        BinaryPrimitives.WriteUInt64BigEndian(objectId[sizeof(uint)..], Random);
    }
}
