using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>The derived property value of RFC 8264 §8 (UNASSIGNED counts as DISALLOWED).</summary>
internal enum PrecisClass
{
    Disallowed,

    /// <summary>PVALID.</summary>
    Valid,
    ContextJ,
    ContextO,

    /// <summary>FREE_PVAL or ID_DIS: in the FreeformClass only.</summary>
    FreeformOnly,
}

/// <summary>Bidi_Class, as far as RFC 5893 §2 names its values.</summary>
internal enum BidiClass
{
    Other,
    L,
    R,
    AL,
    AN,
    EN,
    ES,
    CS,
    ET,
    ON,
    BN,
    NSM,
}

/// <summary>Joining_Type.</summary>
internal enum JoiningType
{
    NonJoining,
    Left,
    Right,
    Dual,
    Transparent,
    Causing,
}

/// <summary>The scripts that contextual rules ask for (RFC 5892 appendix A).</summary>
internal enum Script
{
    Other,
    Greek,
    Hebrew,
    HiraganaKatakanaHan,
}

/// <summary>
/// What PRECIS and IDNA2008 need to know of a code point that some string class allows. Bidi_Class and marks are kept for those only
/// that an identifier may hold.
/// </summary>
internal readonly struct UnicodeProperties
{
    private readonly uint _packed;

    private UnicodeProperties(uint packed) => _packed = packed;

    public PrecisClass Class => (PrecisClass)(_packed & 7);

    /// <summary>PVALID, CONTEXTJ or CONTEXTO by RFC 5892 §3: a U-label may hold it.</summary>
    public bool IsValidInDomainName => (_packed >> 3 & 1) != 0;

    public BidiClass BidiClass => (BidiClass)(_packed >> 4 & 15);

    public JoiningType JoiningType => (JoiningType)(_packed >> 8 & 7);

    public Script Script => (Script)(_packed >> 11 & 3);

    /// <summary>General_Category M.</summary>
    public bool IsMark => (_packed >> 13 & 1) != 0;

    /// <summary>General_Category Zs.</summary>
    public bool IsSpace => (_packed >> 14 & 1) != 0;

    /// <summary>Canonical_Combining_Class.</summary>
    public int CombiningClass => (int)(_packed >> 16);

    public static UnicodeProperties Of(Rune rune)
    {
        var index = UnicodeTables.RangeStarts.BinarySearch((uint)rune.Value);
        return new(UnicodeTables.RangeProperties[index >= 0 ? index : ~index - 1]);
    }
}
