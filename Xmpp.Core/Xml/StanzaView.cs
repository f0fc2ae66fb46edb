namespace Xmpp.Core.Xml;

/// <summary>
/// A first-level element as it arrived: its bytes and an index over its head and its children. No copy and no tree;
/// valid until the framer that made it reads on.
/// </summary>
public sealed class StanzaView
{
    /// <summary>The whole element, from <c>&lt;</c> to <c>&gt;</c>.</summary>
    public ReadOnlyMemory<byte> Bytes => throw new NotImplementedException();

    /// <summary>The local name, as UTF-8.</summary>
    public ReadOnlySpan<byte> LocalName => throw new NotImplementedException();

    /// <summary>The namespace name, resolved, as UTF-8 (unescaped).</summary>
    public ReadOnlySpan<byte> Namespace => throw new NotImplementedException();

    /// <summary>
    /// True when the bytes mean the same in any stream whose default namespace is this element's: no prefix that only
    /// the stream header declares, no prefix on the element itself. When false, forward <see cref="ToElement"/> instead.
    /// </summary>
    public bool IsSelfContained => throw new NotImplementedException();

    /// <summary>Where the element's name ends, relative to <see cref="Bytes"/>: attributes can be spliced in here.</summary>
    public int NameEnd => throw new NotImplementedException();

    /// <summary>Where content can be appended: before the end tag; -1 for an empty-element tag.</summary>
    public int ContentEnd => throw new NotImplementedException();

    /// <summary>Looks up an attribute without prefix by its name.</summary>
    public bool TryGetAttribute(ReadOnlySpan<byte> name, out StanzaAttribute attribute) => throw new NotImplementedException();

    /// <summary>The value, unescaped, or null.</summary>
    public string? Attribute(ReadOnlySpan<byte> name) => throw new NotImplementedException();

    /// <summary>How many child elements there are.</summary>
    public int ChildCount => throw new NotImplementedException();

    public StanzaChild Child(int index) => throw new NotImplementedException();

    public bool HasChild(ReadOnlySpan<byte> ns, ReadOnlySpan<byte> local) => throw new NotImplementedException();

    /// <summary>The element as an immutable tree; made at the first call, the same afterwards.</summary>
    public Element ToElement() => throw new NotImplementedException();
}

/// <summary>An attribute of a stanza's head. Positions are relative to <see cref="StanzaView.Bytes"/>.</summary>
/// <param name="Start">Where the attribute's name starts.</param>
/// <param name="End">Behind the closing quote.</param>
/// <param name="RawValue">The value's range as it stands, still escaped.</param>
/// <param name="IsPlain">True when <paramref name="RawValue"/> is the value: no reference, no white space to normalise.</param>
public readonly record struct StanzaAttribute(int Start, int End, Range RawValue, bool IsPlain);

/// <summary>A child element of a stanza. Spans are valid as long as the view.</summary>
public readonly ref struct StanzaChild
{
    public ReadOnlySpan<byte> LocalName { get; init; }

    public ReadOnlySpan<byte> Namespace { get; init; }

    /// <summary>Start and end relative to <see cref="StanzaView.Bytes"/>.</summary>
    public int Start { get; init; }

    public int End { get; init; }
}
