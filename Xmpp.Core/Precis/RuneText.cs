using System.Buffers;
using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>Text as the code points that the rules of PRECIS and IDNA speak of.</summary>
internal static class RuneText
{
    /// <summary>False when <paramref name="utf8"/> is not UTF-8.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> utf8, out List<Rune> text)
    {
        text = new List<Rune>(utf8.Length);
        while (!utf8.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(utf8, out var rune, out var length) != OperationStatus.Done)
                return false;
            text.Add(rune);
            utf8 = utf8[length..];
        }
        return true;
    }

    /// <summary>False when <paramref name="destination"/> is too short.</summary>
    public static bool TryEncode(List<Rune> text, Span<byte> destination, out int written)
    {
        written = 0;
        foreach (var rune in text)
        {
            if (!rune.TryEncodeToUtf8(destination[written..], out var length))
                return false;
            written += length;
        }
        return true;
    }
}
