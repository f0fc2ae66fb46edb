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

    /// <summary>When it was made, in milliseconds' precision.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds((long)(Value >> (8 * RandomBytes)));

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

    /// <summary>Reads what <see cref="ToString"/> gives, nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SortableId id)
    {
        id = default;
        // The first of 26 digits of 5 bits has room for 3 of 128 only; and a time beyond the year 9999 is none.
        if (text.Length != Length || text[0] > '7')
            return false;
        UInt128 value = 0;
        foreach (var character in text)
        {
            var digit = character < 128 ? Digits.IndexOf((byte)character) : -1;
            if (digit < 0)
                return false;
            value = (value << 5) | (uint)digit;
        }
        id = new(value);
        return (long)(value >> (8 * RandomBytes)) <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
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
