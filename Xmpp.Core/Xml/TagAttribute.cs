namespace Xmpp.Core.Xml;

/// <summary>What an attribute means to namespaces (Namespaces in XML 1.0 §3).</summary>
internal enum AttributeKind : byte
{
    /// <summary>No prefix, no namespace.</summary>
    Unprefixed,

    Prefixed,

    /// <summary><c>xmlns="…"</c>.</summary>
    DefaultDeclaration,

    /// <summary><c>xmlns:prefix="…"</c>.</summary>
    PrefixDeclaration,
}

/// <summary>An attribute of a start tag, by offsets.</summary>
internal struct TagAttribute
{
    public QName Name;
    public int ValueStart;
    public int ValueLength;
    public AttributeKind Kind;

    /// <summary>The value stands as it is: no reference, no white space to normalise.</summary>
    public bool IsPlain;

    /// <summary>What the prefix stands for; set by <see cref="NamespaceScope"/>.</summary>
    public NamespaceRef Namespace;

    public readonly ReadOnlySpan<byte> Value(ReadOnlySpan<byte> bytes) => bytes.Slice(ValueStart, ValueLength);
}
