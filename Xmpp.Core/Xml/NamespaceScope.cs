using Xmpp.Core.Streams;

namespace Xmpp.Core.Xml;

/// <summary>
/// The prefixes in force within a stanza (Namespaces in XML 1.0): declared by its elements, else by the stream header.
/// </summary>
internal sealed class NamespaceScope
{
    private readonly record struct Declaration(int Depth, QName Name, NamespaceRef Namespace);

    private Declaration[] _declarations = new Declaration[4];
    private int _count;
    private byte[] _unescaped = [];
    private int _unescapedLength;

    /// <summary>What the stream header declared.</summary>
    public StreamScope Stream { get; private set; } = StreamScope.Start;

    /// <summary>
    /// False when an element or attribute uses a prefix of the stream header, or an element's prefix stands for a
    /// content namespace, which mustn't be sent on (RFC 6120 §4.8.5).
    /// </summary>
    public bool IsSelfContained { get; private set; }

    /// <summary>The default namespace that the last entered element declared, or null.</summary>
    public NamespaceRef? DeclaredDefault { get; private set; }

    /// <summary>What the last entered element's prefix stands for, or null when it has none.</summary>
    public NamespaceRef? ElementNamespace { get; private set; }

    /// <summary>Forgets everything but the stream.</summary>
    public void Clear(StreamScope stream)
    {
        Stream = stream;
        _count = 0;
        _unescapedLength = 0;
        IsSelfContained = true;
        if (_unescaped.Length > 4096)
            _unescaped = [];
    }

    /// <summary>Takes up the declarations of an element and checks its prefixes.</summary>
    /// <param name="depth">The element's depth; its declarations last until <see cref="Leave"/> is called with it.</param>
    /// <returns>Null when all is well.</returns>
    public StreamError? Enter(ReadOnlySpan<byte> bytes, StartTag tag, int depth, int maxDeclarations)
    {
        DeclaredDefault = null;
        ElementNamespace = null;
        if (tag.HasDeclarations && Declare(bytes, tag, depth, maxDeclarations) is { } fault)
            return fault;
        return tag.HasPrefixes ? Resolve(bytes, tag) : null;
    }

    /// <summary>Ends the declarations of the element at this depth.</summary>
    public void Leave(int depth)
    {
        while (_count > 0 && _declarations[_count - 1].Depth >= depth)
            _count--;
    }

    /// <summary>The namespace name, unescaped.</summary>
    public ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> bytes, NamespaceRef ns) => ns.Origin switch
    {
        NamespaceOrigin.Stanza => bytes.Slice(ns.Start, ns.Length),
        NamespaceOrigin.Unescaped => _unescaped.AsSpan(ns.Start, ns.Length),
        NamespaceOrigin.StreamDefault => Stream.DefaultNamespaceBytes.Span,
        NamespaceOrigin.StreamPrefix => Stream.Bindings[ns.Start].NamespaceBytes,
        _ => XmlNamespace,
    };

    /// <summary>The prefixes declared at present and what they stand for, outermost first.</summary>
    public IEnumerable<(QName Name, NamespaceRef Namespace)> Declared()
    {
        for (var i = 0; i < _count; i++)
            yield return (_declarations[i].Name, _declarations[i].Namespace);
    }

    private static ReadOnlySpan<byte> XmlNamespace => "http://www.w3.org/XML/1998/namespace"u8;

    private static ReadOnlySpan<byte> XmlnsNamespace => "http://www.w3.org/2000/xmlns/"u8;

    private StreamError? Declare(ReadOnlySpan<byte> bytes, StartTag tag, int depth, int maxDeclarations)
    {
        foreach (ref readonly var attribute in tag.Attributes)
        {
            if (attribute.Kind is not (AttributeKind.DefaultDeclaration or AttributeKind.PrefixDeclaration))
                continue;
            var ns = NameOf(bytes, attribute);
            var value = Bytes(bytes, ns);
            if (attribute.Kind == AttributeKind.DefaultDeclaration)
            {
                if (value.SequenceEqual(XmlNamespace) || value.SequenceEqual(XmlnsNamespace))
                    return XmlFault.ReservedNamespace;
                DeclaredDefault = ns;
                continue;
            }

            // Namespaces in XML 1.0 §3: xml and its namespace belong together, xmlns and its namespace can't be declared,
            // and (§5) a prefix can't be undeclared.
            var prefix = attribute.Name.Local(bytes);
            if (value.IsEmpty || prefix.SequenceEqual("xmlns"u8) || value.SequenceEqual(XmlnsNamespace)
                || prefix.SequenceEqual("xml"u8) != value.SequenceEqual(XmlNamespace))
            {
                return XmlFault.ReservedNamespace;
            }
            if (_count == maxDeclarations)
                return XmlFault.Policy("Too many namespace prefixes are declared.");
            if (_count == _declarations.Length)
                Array.Resize(ref _declarations, _count * 2);
            _declarations[_count++] = new Declaration(depth, attribute.Name, ns);
        }
        return null;
    }

    private NamespaceRef NameOf(ReadOnlySpan<byte> bytes, in TagAttribute attribute)
    {
        if (attribute.IsPlain)
            return new NamespaceRef(NamespaceOrigin.Stanza, attribute.ValueStart, attribute.ValueLength);
        var needed = _unescapedLength + attribute.ValueLength;
        if (needed > _unescaped.Length)
            Array.Resize(ref _unescaped, Math.Max(needed, _unescaped.Length * 2));
        var length = XmlReference.Unescape(attribute.Value(bytes), _unescaped.AsSpan(_unescapedLength), attribute: true);
        var ns = new NamespaceRef(NamespaceOrigin.Unescaped, _unescapedLength, length);
        _unescapedLength += length;
        return ns;
    }

    private StreamError? Resolve(ReadOnlySpan<byte> bytes, StartTag tag)
    {
        if (tag.Name.PrefixLength > 0)
        {
            if (!TryResolve(bytes, tag.Name.Prefix(bytes), out var ns))
                return XmlFault.UnboundPrefix;
            ElementNamespace = ns;
            if (IsContentNamespace(Bytes(bytes, ns)))
                IsSelfContained = false;
        }

        var attributes = tag.Attributes;
        for (var i = 0; i < attributes.Length; i++)
        {
            ref var attribute = ref attributes[i];
            if (attribute.Kind != AttributeKind.Prefixed)
                continue;
            if (!TryResolve(bytes, attribute.Name.Prefix(bytes), out attribute.Namespace))
                return XmlFault.UnboundPrefix;
            if (HasEqual(bytes, attributes[..i], attribute))
                return XmlFault.DuplicateAttribute;
            if (attribute.Name.Of(bytes).SequenceEqual("xml:space"u8) && !IsSpaceHandling(attribute, bytes))
                return XmlFault.BadSpaceHandling;
        }
        return null;
    }

    private bool TryResolve(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> prefix, out NamespaceRef ns)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            ref readonly var declaration = ref _declarations[i];
            if (declaration.Name.Local(bytes).SequenceEqual(prefix))
            {
                ns = declaration.Namespace;
                return true;
            }
        }
        if (prefix.SequenceEqual("xml"u8))
        {
            ns = new NamespaceRef(NamespaceOrigin.Xml);
            return true;
        }

        var index = Stream.IndexOf(prefix);
        ns = new NamespaceRef(NamespaceOrigin.StreamPrefix, index);
        IsSelfContained &= index < 0;
        return index >= 0;
    }

    /// <summary>No two attributes may have the same expanded name (Namespaces in XML 1.0 §6.3).</summary>
    private bool HasEqual(ReadOnlySpan<byte> bytes, ReadOnlySpan<TagAttribute> others, in TagAttribute attribute)
    {
        foreach (ref readonly var other in others)
        {
            if (other.Kind == AttributeKind.Prefixed && other.Name.Local(bytes).SequenceEqual(attribute.Name.Local(bytes))
                && Bytes(bytes, other.Namespace).SequenceEqual(Bytes(bytes, attribute.Namespace)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Other values of xml:space are an error (XML 1.0 §2.10) on which some parsers give up.</summary>
    private static bool IsSpaceHandling(in TagAttribute attribute, ReadOnlySpan<byte> bytes) =>
        XmlReference.ToText(attribute.Value(bytes), attribute.IsPlain).AsSpan().Trim(" \t\n\r") is "default" or "preserve";

    private static bool IsContentNamespace(ReadOnlySpan<byte> ns) =>
        ns.SequenceEqual("jabber:client"u8) || ns.SequenceEqual("jabber:server"u8);
}
