using System.Buffers.Binary;
using System.Text;

namespace Xmpp.Core.Xml;

/// <summary>
/// Strings for names, namespaces and short values that come again and again. A cache of fixed size in which the newest
/// wins: input that tries to fill it costs others some allocations and nothing more. Safe for all threads, without locks.
/// </summary>
internal static class NameTable
{
    private const int Size = 4096;
    private const int MaxLength = 80;

    private static readonly string?[] Slots = new string?[Size];

    public static string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxLength)
            return Encoding.UTF8.GetString(utf8);
        if (utf8.IsEmpty)
            return "";
        ref var slot = ref Slots[Hash(utf8)];
        var known = slot;
        if (known is not null && known.Length == utf8.Length && Ascii.Equals(utf8, known))
            return known;
        return slot = Encoding.UTF8.GetString(utf8);
    }

    /// <summary>From the length, the first and the last eight bytes: namespaces differ at their ends.</summary>
    private static int Hash(ReadOnlySpan<byte> utf8)
    {
        var last = utf8.Length;
        ulong head;
        ulong tail;
        if (last >= 8)
        {
            head = BinaryPrimitives.ReadUInt64LittleEndian(utf8);
            tail = BinaryPrimitives.ReadUInt64LittleEndian(utf8[(last - 8)..]);
        }
        else
        {
            head = 0;
            foreach (var b in utf8)
                head = (head << 8) | b;
            tail = 0;
        }
        var mixed = (head ^ ((tail << 23) | (tail >> 41)) ^ (ulong)last) * 0x9E3779B97F4A7C15;
        return (int)(mixed >> 52);
    }
}
