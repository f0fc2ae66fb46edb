using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>The Bidi Rule of RFC 5893 §2.</summary>
internal static class BidiRule
{
    private static readonly uint _rightToLeft = Set(BidiClass.R, BidiClass.AL, BidiClass.AN);

    private static readonly uint _neutral =
        Set(BidiClass.EN, BidiClass.ES, BidiClass.CS, BidiClass.ET, BidiClass.ON, BidiClass.BN, BidiClass.NSM);

    /// <summary>Whether the text calls for the rule: it holds a character of class R, AL or AN (RFC 5893 §1.4).</summary>
    public static bool HasRightToLeft(ReadOnlySpan<Rune> text)
    {
        foreach (var rune in text)
        {
            if ((Of(rune) & _rightToLeft) != 0)
                return true;
        }
        return false;
    }

    public static bool IsSatisfied(ReadOnlySpan<Rune> text)
    {
        uint seen = 0;
        uint last = 0;
        foreach (var rune in text)
        {
            var bidiClass = Of(rune);
            seen |= bidiClass;
            if (bidiClass != Set(BidiClass.NSM))
                last = bidiClass;
        }

        var first = text.IsEmpty ? 0 : Of(text[0]);
        var both = Set(BidiClass.EN, BidiClass.AN);
        if (first == Set(BidiClass.L))
            return Only(seen, Set(BidiClass.L) | _neutral) && Only(last, Set(BidiClass.L, BidiClass.EN));
        return Only(first, Set(BidiClass.R, BidiClass.AL))
            && Only(seen, _rightToLeft | _neutral)
            && Only(last, _rightToLeft | Set(BidiClass.EN))
            && (seen & both) != both;
    }

    private static bool Only(uint classes, uint allowed) => (classes & ~allowed) == 0;

    private static uint Of(Rune rune) => Set(UnicodeProperties.Of(rune).BidiClass);

    private static uint Set(params ReadOnlySpan<BidiClass> classes)
    {
        uint set = 0;
        foreach (var bidiClass in classes)
            set |= 1u << (int)bidiClass;
        return set;
    }
}
