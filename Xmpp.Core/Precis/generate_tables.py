#!/usr/bin/env python3
"""Writes UnicodeTables.g.cs, the Unicode properties that PRECIS and IDNA2008 ask for, from the Unicode Character Database.

    generate_tables.py /usr/share/unicode        (Debian: package unicode-data)

The server runs without libicu, where .NET neither normalises nor knows Bidi_Class, Joining_Type, scripts or widths; and addresses
that are stored must not change their meaning with the runtime. So everything comes from this one version of Unicode.
"""
import sys
from pathlib import Path

UCD = Path(sys.argv[1])
OUT = Path(__file__).with_name("UnicodeTables.g.cs")
MAX = 0x110000


def rows(name):
    """Yields (first, last, fields behind the code points) of a UCD file."""
    for line in (UCD / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            code, *fields = (field.strip() for field in line.split(";"))
            first, _, last = code.partition("..")
            yield int(first, 16), int(last or first, 16), fields


def with_property(name, *properties):
    return {cp for first, last, fields in rows(name) if tuple(fields[: len(properties)]) == properties for cp in range(first, last + 1)}


def values(name, default):
    table = [default] * MAX
    for first, last, fields in rows(name):
        table[first : last + 1] = [fields[0]] * (last + 1 - first)
    return table


category = ["Cn"] * MAX
combining_class = [0] * MAX
lower, width, decomposition = {}, {}, {}
range_start = None
for cp, _, (name, gc, ccc, _, mapping, *rest) in rows("UnicodeData.txt"):
    first = range_start if name.endswith(", Last>") else cp
    range_start = cp if name.endswith(", First>") else None
    category[first : cp + 1] = [gc] * (cp + 1 - first)
    combining_class[cp] = int(ccc)
    if rest[7]:
        lower[cp] = int(rest[7], 16)
    tag, _, wide = mapping.rpartition("> ")
    target = [int(part, 16) for part in wide.split()]
    if tag in ("<wide", "<narrow"):
        (width[cp],) = target
    elif mapping and not tag:
        decomposition[cp] = target

# SpecialCasing.txt: the one unconditional lowercase mapping to more than one code point. CodePointMappings.cs has it.
del lower[0x0130]

default_ignorable = with_property("DerivedCoreProperties.txt", "Default_Ignorable_Code_Point")
noncharacter = with_property("PropList.txt", "Noncharacter_Code_Point")
white_space = with_property("PropList.txt", "White_Space")
join_control = with_property("PropList.txt", "Join_Control")
has_compat = with_property("DerivedNormalizationProps.txt", "NFKC_QC", "N")
unstable = with_property("DerivedNormalizationProps.txt", "Changes_When_NFKC_Casefolded")
composition_exclusion = with_property("DerivedNormalizationProps.txt", "Full_Composition_Exclusion")
old_hangul_jamo = {cp for kind in "LVT" for cp in with_property("HangulSyllableType.txt", kind)}
ignorable_blocks = {*range(0x20D0, 0x2100), *range(0x1D100, 0x1D200), *range(0x1D200, 0x1D250)}
bidi_class = values("extracted/DerivedBidiClass.txt", "L")
joining_type = values("extracted/DerivedJoiningType.txt", "U")
script = values("Scripts.txt", "Zzzz")

# RFC 5892 §2.6, shared by RFC 8264 §9.6
exceptions = dict.fromkeys([0x00DF, 0x03C2, 0x06FD, 0x06FE, 0x0F0B, 0x3007], "Valid")
exceptions |= dict.fromkeys([0x00B7, 0x0375, 0x05F3, 0x05F4, 0x30FB, *range(0x0660, 0x066A), *range(0x06F0, 0x06FA)], "ContextO")
exceptions |= dict.fromkeys([0x0640, 0x07FA, 0x302E, 0x302F, *range(0x3031, 0x3036), 0x303B], "Disallowed")
letter_digits = {"Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc"}


def precis(cp):
    """RFC 8264 §8; UNASSIGNED is Disallowed."""
    gc = category[cp]
    if cp in exceptions:
        return exceptions[cp]
    if gc == "Cn":
        return "Disallowed"
    if 0x21 <= cp <= 0x7E:
        return "Valid"
    if cp in join_control:
        return "ContextJ"
    if cp in old_hangul_jamo or cp in default_ignorable or cp in noncharacter or gc == "Cc":
        return "Disallowed"
    if cp in has_compat:
        return "FreeformOnly"
    if gc in letter_digits:
        return "Valid"
    if gc in ("Lt", "Nl", "No", "Me", "Zs") or gc[0] in "SP":
        return "FreeformOnly"
    return "Disallowed"


def idna(cp):
    """RFC 5892 §3: whether a U-label may hold the code point, perhaps in certain contexts only."""
    if cp in exceptions:
        return exceptions[cp] != "Disallowed"
    if category[cp] == "Cn":
        return False
    if cp == 0x2D or 0x30 <= cp <= 0x39 or 0x61 <= cp <= 0x7A or cp in join_control:
        return True
    excluded = (unstable, default_ignorable, white_space, noncharacter, ignorable_blocks, old_hangul_jamo)
    return category[cp] in letter_digits and not any(cp in some for some in excluded)


# The layout that UnicodeProperties.cs reads.
CLASSES = ["Disallowed", "Valid", "ContextJ", "ContextO", "FreeformOnly"]
BIDI = ["Other", "L", "R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"]
JOINING = ["U", "L", "R", "D", "T", "C"]
SCRIPTS = {"Greek": 1, "Hebrew": 2, "Hiragana": 3, "Katakana": 3, "Han": 3}


def properties(cp):
    kind = precis(cp)
    packed = CLASSES.index(kind) | combining_class[cp] << 16
    if kind == "Disallowed":
        assert not idna(cp)
        return packed
    packed |= JOINING.index(joining_type[cp]) << 8 | SCRIPTS.get(script[cp], 0) << 11 | (category[cp] == "Zs") << 14
    if kind == "FreeformOnly":
        assert not idna(cp)  # so only identifiers and domain names need what follows
        return packed
    bidi = BIDI.index(bidi_class[cp]) if bidi_class[cp] in BIDI else 0
    return packed | idna(cp) << 3 | bidi << 4 | (category[cp][0] == "M") << 13


def ranges():
    previous = None
    for cp in range(MAX):
        packed = properties(cp)
        if packed != previous:
            yield cp, packed
            previous = packed


def runs(mapping):
    """Packs a mapping into (first, last, step, target of first): each step onwards, the target goes up by as much."""
    result = []
    for cp, target in sorted(mapping.items()):
        if result:
            first, last, step, base = result[-1]
            gap = cp - last
            if target - base == cp - first and (step == gap or first == last and gap <= 2):
                result[-1] = (first, cp, gap, base)
                continue
        result.append((cp, cp, 1, target))
    return result


def array(type_name, name, summary, numbers, per_line):
    lines = [f"    /// <summary>{summary}</summary>", f"    public static ReadOnlySpan<{type_name}> {name} =>", "    ["]
    for i in range(0, len(numbers), per_line):
        lines.append("        " + " ".join(f"0x{number:X}," for number in numbers[i : i + per_line]))
    return lines + ["    ];"]


def canonical():
    for cp, target in sorted(decomposition.items()):
        first, second = (*target, 0)[:2]
        yield cp << 43 | first << 22 | second << 1 | (cp in composition_exclusion)


spans = list(ranges())
version = (UCD / "DerivedAge.txt").read_text(encoding="utf-8").splitlines()[0].split("-")[1].removesuffix(".txt")
text = [
    "// <auto-generated>Written by generate_tables.py from the Unicode Character Database.</auto-generated>",
    "namespace Xmpp.Core.Precis;",
    "",
    "internal static class UnicodeTables",
    "{",
    f'    public const string Version = "{version}";',
    "",
    *array("uint", "RangeStarts", "The first code points of ranges of equal properties.", [start for start, _ in spans], 14),
    "",
    *array("uint", "RangeProperties", "The properties of each range, packed as UnicodeProperties reads them.",
           [packed for _, packed in spans], 13),
    "",
    *array("uint", "LowercaseRuns", "Runs of first, last, step, target of first.", [n for run in runs(lower) for n in run], 16),
    "",
    *array("uint", "WidthRuns", "Runs of first, last, step, target of first.", [n for run in runs(width) for n in run], 16),
    "",
    *array("ulong", "CanonicalDecompositions",
           "One level each: code point, first, second or 0 (21 bits each), composition exclusion (1 bit).", list(canonical()), 6),
    "}",
]
OUT.write_text("\n".join(text) + "\n", encoding="utf-8", newline="\n")
print(f"Unicode {version}: {len(spans)} ranges, {len(runs(lower))} + {len(runs(width))} runs, {len(decomposition)} decompositions")
