namespace Xmpp.Core.Xml;

/// <summary>
/// A first-level element as it arrived: its bytes and an index over its head and its children. No copy and no tree;
/// valid until the framer that made it reads on.
/// </summary>
public sealed class StanzaView
{
    private readonly StartTag _head;
    private readonly NamespaceScope _namespaces;
    private ChildEntry[] _children = new ChildEntry[8];
    private NamespaceRef _namespace;
    private Element? _element;
    private StartTag? _child; // Of the child whose attributes were asked for last.

    internal StanzaView(StartTag head, NamespaceScope namespaces)
    {
        _head = head;
        _namespaces = namespaces;
    }

    /// <summary>
    /// Reads a stanza as it would stand in a client's stream. It comes from none now: it was kept, or put together here, and may be of any
    /// size.
    /// </summary>
    /// <param name="utf8">Exactly one element.</param>
    /// <exception cref="FormatException">It isn't one element, or not one that a stream could carry.</exception>
    public static StanzaView Parse(ReadOnlyMemory<byte> utf8) => Parse(utf8, StreamScope.Client);

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte})"/>
    internal static StanzaView Parse(ReadOnlyMemory<byte> utf8, StreamScope scope)
    {
        var framer = new StanzaFramer(FramerLimits.None);
        framer.Begin(scope);
        return framer.Read(utf8, out var consumed) == FrameKind.Stanza && consumed == utf8.Length
            ? framer.Stanza : throw new FormatException(framer.Error?.Text ?? "One element was expected.");
    }

    /// <summary>The whole element, from <c>&lt;</c> to <c>&gt;</c>.</summary>
    public ReadOnlyMemory<byte> Bytes { get; internal set; }

    /// <summary>The local name, as UTF-8.</summary>
    public ReadOnlySpan<byte> LocalName => _head.Name.Local(Span);

    /// <summary>The namespace name, resolved, as UTF-8 (unescaped).</summary>
    public ReadOnlySpan<byte> Namespace => _namespaces.Bytes(Span, _namespace);

    /// <summary>
    /// True when the bytes mean the same in any stream whose default namespace is this element's: no prefix that only
    /// the stream header declares, no prefix on the element itself. When false, forward <see cref="ToElement"/> instead.
    /// Also false when a prefix stands for a content namespace anywhere, which mustn't be sent (RFC 6120 §4.8.5).
    /// </summary>
    public bool IsSelfContained => _head.Name.PrefixLength == 0 && _namespaces.IsSelfContained;

    /// <summary>Where the element's name ends, relative to <see cref="Bytes"/>: attributes can be spliced in here.</summary>
    public int NameEnd => _head.Name.End;

    /// <summary>Where content can be appended: before the end tag; -1 for an empty-element tag.</summary>
    public int ContentEnd { get; internal set; }

    /// <summary>How many child elements there are.</summary>
    public int ChildCount { get; private set; }

    private ReadOnlySpan<byte> Span => Bytes.Span;

    /// <summary>Looks up an attribute without prefix by its name; also <c>xml:lang</c> and the like, whose prefix can't change.</summary>
    public bool TryGetAttribute(ReadOnlySpan<byte> name, out StanzaAttribute attribute) => TryGetAttribute(_head, name, out attribute);

    private bool TryGetChildAttribute(int index, ReadOnlySpan<byte> name, out StanzaAttribute attribute)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)ChildCount, nameof(index));
        _child ??= new StartTag();
        _child.Parse(Span, _children[index].Start, int.MaxValue); // It was parsed before, and is well-formed.
        return TryGetAttribute(_child, name, out attribute);
    }

    /// <summary>The address in an attribute of a child; null when there is none, or it is no address.</summary>
    public Jid? ChildJid(int index, ReadOnlySpan<byte> name) =>
        TryGetChildAttribute(index, name, out var attribute) ? JidOf(attribute) : null;

    /// <summary>The address in an attribute; null when there is none, or it is no address.</summary>
    public Jid? AttributeJid(ReadOnlySpan<byte> name) => TryGetAttribute(name, out var attribute) ? JidOf(attribute) : null;

    private Jid? JidOf(StanzaAttribute attribute)
    {
        var raw = Span[attribute.RawValue];
        return attribute.IsPlain
            ? Jid.TryParse(raw, out var jid) ? jid : null
            : Jid.TryParse(XmlReference.ToText(raw, isPlain: false), out jid) ? jid : null;
    }

    private bool TryGetAttribute(StartTag tag, ReadOnlySpan<byte> name, out StanzaAttribute attribute)
    {
        var bytes = Span;
        foreach (ref readonly var candidate in tag.Attributes)
        {
            if (candidate.Name.Length == name.Length && candidate.Name.Of(bytes).SequenceEqual(name))
            {
                var valueEnd = candidate.ValueStart + candidate.ValueLength;
                attribute = new StanzaAttribute(
                    candidate.Name.Start, valueEnd + 1, candidate.ValueStart..valueEnd, candidate.IsPlain);
                return true;
            }
        }
        attribute = default;
        return false;
    }

    /// <summary>The value, unescaped, or null.</summary>
    public string? Attribute(ReadOnlySpan<byte> name) =>
        TryGetAttribute(name, out var attribute) ? XmlReference.ToText(Span[attribute.RawValue], attribute.IsPlain) : null;

    public StanzaChild Child(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)ChildCount, nameof(index));
        ref readonly var child = ref _children[index];
        return new StanzaChild
        {
            LocalName = child.Name.Local(Span),
            Namespace = _namespaces.Bytes(Span, child.Namespace),
            Start = child.Start,
            End = child.End,
        };
    }

    /// <summary>The expanded name of a child, as strings.</summary>
    public XmlName ChildName(int index)
    {
        var child = Child(index);
        return new XmlName(NameTable.Get(child.Namespace), NameTable.Get(child.LocalName));
    }

    public bool HasChild(ReadOnlySpan<byte> ns, ReadOnlySpan<byte> local) => IndexOfChild(ns, local) >= 0;

    /// <summary>The index of the first child element of this name, or -1.</summary>
    public int IndexOfChild(ReadOnlySpan<byte> ns, ReadOnlySpan<byte> local)
    {
        var bytes = Span;
        for (var i = 0; i < ChildCount; i++)
        {
            ref readonly var child = ref _children[i];
            if (child.Name.Local(bytes).SequenceEqual(local) && _namespaces.Bytes(bytes, child.Namespace).SequenceEqual(ns))
                return i;
        }
        return -1;
    }

    /// <summary>The direct text content of a child, unescaped; "" when there is none. Builds no tree.</summary>
    public string ChildText(int index)
    {
        var child = Child(index);
        return ElementReader.ReadText(Span[child.Start..child.End]);
    }

    /// <summary>The element as an immutable tree; made at the first call, the same afterwards.</summary>
    public Element ToElement() => _element ??= ElementReader.Read(Span, _namespaces.Stream);

    /// <summary>Forgets the last stanza.</summary>
    internal void Clear()
    {
        Bytes = default;
        ChildCount = 0;
        _element = null;
    }

    /// <summary>Takes note of the head, which the framer has just parsed.</summary>
    internal void SetHead(NamespaceRef ns) => _namespace = ns;

    internal void AddChild(QName name, NamespaceRef ns, int start)
    {
        if (ChildCount == _children.Length)
            Array.Resize(ref _children, ChildCount * 2);
        _children[ChildCount++] = new ChildEntry { Name = name, Namespace = ns, Start = start };
    }

    internal void EndChild(int end) => _children[ChildCount - 1].End = end;

    private struct ChildEntry
    {
        public QName Name;
        public NamespaceRef Namespace;
        public int Start;
        public int End;
    }
}
