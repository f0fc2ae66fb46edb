using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Xmpp.Core.Extensions;

/// <summary>
/// An id that sorts by the time at which it was made and that nobody can guess: 48 bits of milliseconds since 1970 and 80 random
/// ones, written as 26 characters (a ULID). Making one allocates nothing.
/// </summary>
public readonly record struct SortableId(UInt128 Value)
{
    /// <summary>Characters.</summary>
    public const int Length = 26;

    private const int RandomBytes = 10;

    /// <summary>Bytes asked for at a time: the system's generator is too far away to be asked for each id.</summary>
    private const int PoolBytes = 400 * RandomBytes;

    [ThreadStatic] private static byte[]? t_pool;
    [ThreadStatic] private static int t_used;

    // In the order of their values, so that texts sort as the ids do; without the letters that look like digits.
    private static ReadOnlySpan<byte> Digits => "0123456789abcdefghjkmnpqrstvwxyz"u8;

    public static SortableId New(DateTimeOffset now)
    {
        if (t_pool is not { } pool || t_used == PoolBytes)
        {
            pool = t_pool ??= new byte[PoolBytes];
            RandomNumberGenerator.Fill(pool);
            t_used = 0;
        }
        var random = pool.AsSpan(t_used, RandomBytes);
        t_used += RandomBytes;
        var high = BinaryPrimitives.ReadUInt16LittleEndian(random);
        var low = BinaryPrimitives.ReadUInt64LittleEndian(random[2..]);
        random.Clear();
        return new(new UInt128(((ulong)now.ToUnixTimeMilliseconds() << 16) | high, low));
    }

    /// <summary>Writes the <see cref="Length"/> characters as ASCII.</summary>
    public void Write(Span<byte> output)
    {
        var rest = Value;
        for (var i = Length - 1; i >= 0; i--)
        {
            output[i] = Digits[(int)(uint)(rest & 31)];
            rest >>= 5;
        }
    }

    public override string ToString() => string.Create(Length, this, static (text, id) =>
    {
        Span<byte> ascii = stackalloc byte[Length];
        id.Write(ascii);
        for (var i = 0; i < Length; i++)
            text[i] = (char)ascii[i];
    });
}
