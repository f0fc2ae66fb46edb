using System.Collections.Frozen;
using System.Text;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// Letters that people take for others, so that nobody passes for somebody else by them: Cyrillic and Greek ones that look like Latin ones as
/// capitals or small, others of that kind, digits among letters. An extract of Unicode's confusables (UTS #39 §4), for comparing only.
/// </summary>
internal static class LookAlikes
{
    private static readonly FrozenDictionary<char, char> _latin = new (char Latin, string Others)[]
    {
        ('a', "\u0430\u03B1\u0251"), ('b', "\u0432\u03B2"), ('c', "\u0441\u03F2"), ('d', "\u0501"), ('e', "\u0435\u0451\u03B5"),
        ('g', "\u0261\u0581"), ('h', "\u043D\u04BB\u03B7\u0570"), ('i', "\u0456\u0457\u03B9\u0131l1|\u04CF"), ('j', "\u0458\u03F3\u0237"),
        ('k', "\u043A\u03BA"), ('m', "\u043C\u03BC"), ('o', "\u043E\u03BF\u05850"), ('p', "\u0440\u03C1"), ('q', "\u051B"),
        ('s', "\u0455"), ('t', "\u0442\u03C4"), ('u', "\u057D"), ('v', "\u0475\u03BD"), ('w', "\u051D\u03C9"), ('x', "\u0445\u03C7"),
        ('y', "\u0443\u04AF\u03C5"), ('z', "\u03B6"),
    }.SelectMany(entry => entry.Others.Select(other => (entry.Latin, other))).ToFrozenDictionary(entry => entry.other, entry => entry.Latin);

    /// <summary>What a folded character is compared as; null for one that nobody sees.</summary>
    public static Rune? Of(Rune rune) => rune.Value switch
    {
        0x00AD or 0x034F or (>= 0x200B and <= 0x200F) or (>= 0x202A and <= 0x202E) or (>= 0x2060 and <= 0x2064)
            or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF => null,
        var value when rune.IsBmp && _latin.TryGetValue((char)value, out var latin) => new(latin),
        _ => rune,
    };
}
