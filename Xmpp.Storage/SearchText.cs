using System.Buffers;
using System.Globalization;
using System.Text;
using Xmpp.Core.Precis;

namespace Xmpp.Storage;

/// <summary>
/// What can be found in a text: its words, folded (<see cref="FoldedText"/>), each between two spaces. A run of a script that
/// puts no spaces between words counts as a word here, of which any part can be found. So a search is one for octets, the same in every
/// database.
/// </summary>
internal static class SearchText
{
    /// <summary>Words of a query that are looked for; what comes behind them doesn't count.</summary>
    public const int MaxWords = 16;

    private const byte Space = (byte)' ';

    private enum Kind
    {
        Separator,
        Spaced,
        Unspaced,
    }

    /// <summary>The text as UTF-8; null when there is no word in it. Of what is in this form already nothing changes.</summary>
    public static byte[]? Normalize(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;

        // A code point takes four octets at most, and folding makes two of one at most; there is a space before each at most.
        var buffer = ArrayPool<byte>.Shared.Rent(10 * text.Length + 1);
        var words = new Words(buffer);
        if (Ascii.IsValid(text))
        {
            words.AddAscii(text);
        }
        else
        {
            foreach (var rune in FoldedText.Fold(text))
                words.Add(rune);
        }

        var result = words.ToArray();
        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }

    /// <summary>What has to be in a normalized text for the query's words to be in it; empty when it has none.</summary>
    public static IReadOnlyList<byte[]> Parts(string query)
    {
        var parts = new List<byte[]>();
        var rest = Normalize(query).AsSpan();
        while (rest.Length > 1 && parts.Count < MaxWords)
        {
            var end = rest[1..].IndexOf(Space) + 1;
            Rune.DecodeFromUtf8(rest[1..], out var first, out _);
            parts.Add((KindOf(first) == Kind.Unspaced ? rest[1..end] : rest[..(end + 1)]).ToArray());
            rest = rest[end..];
        }

        return parts;
    }

    public static bool HasAll(ReadOnlySpan<byte> normalized, IReadOnlyList<byte[]> parts)
    {
        foreach (var part in parts)
        {
            if (normalized.IndexOf(part) < 0)
                return false;
        }

        return true;
    }

    private static Kind KindOf(Rune rune) => rune.IsAscii
        ? char.IsAsciiLetterOrDigit((char)rune.Value) ? Kind.Spaced : Kind.Separator
        : Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherNumber when IsUnspaced(rune.Value) => Kind.Unspaced,
            <= UnicodeCategory.OtherNumber => Kind.Spaced,
            _ => Kind.Separator,
        };

    // Han, kana and their neighbours, Thai, Lao, Burmese and Khmer; Hangul too, whose words carry their particles.
    private static bool IsUnspaced(int value) => value is
        (>= 0x0E00 and <= 0x0EFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1100 and <= 0x11FF) or (>= 0x1780 and <= 0x17FF)
        or (>= 0x2E80 and <= 0x9FFF) or (>= 0xA960 and <= 0xA97F) or (>= 0xAC00 and <= 0xD7FF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x1B000 and <= 0x1B16F) or (>= 0x20000 and <= 0x3FFFF);

    private ref struct Words(Span<byte> buffer)
    {
        private readonly Span<byte> _buffer = buffer;
        private int _length;
        private Kind _last;

        public void Add(Rune rune)
        {
            var kind = KindOf(rune);
            if (kind != Kind.Separator)
            {
                if (kind != _last)
                    _buffer[_length++] = Space;
                _length += rune.EncodeToUtf8(_buffer[_length..]);
            }

            _last = kind;
        }

        /// <summary>The same, faster, as the only thing that is added.</summary>
        public void AddAscii(string text)
        {
            var output = _buffer;
            var (length, isInWord) = (0, false);
            foreach (var letter in text)
            {
                if (!char.IsAsciiLetterOrDigit(letter))
                {
                    isInWord = false;
                    continue;
                }

                if (!isInWord)
                    output[length++] = Space;
                output[length++] = (byte)(letter | 0x20); // Lower case; digits have that bit.
                isInWord = true;
            }

            _length = length;
        }

        public readonly byte[]? ToArray()
        {
            if (_length == 0)
                return null;
            _buffer[_length] = Space;
            return _buffer[..(_length + 1)].ToArray();
        }
    }
}
