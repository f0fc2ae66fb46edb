namespace Xmpp.Core.Xml;

/// <summary>Where the bytes of a namespace name are.</summary>
internal enum NamespaceOrigin : byte
{
    /// <summary>In the stanza, as they stand.</summary>
    Stanza,

    /// <summary>Unescaped from the stanza, in the scope's own memory.</summary>
    Unescaped,

    /// <summary>The default namespace of the stream.</summary>
    StreamDefault,

    /// <summary>A prefix of the stream header; the start is its index.</summary>
    StreamPrefix,

    /// <summary>The namespace of the prefix xml.</summary>
    Xml,
}

/// <summary>A resolved namespace name, by offsets: a partial stanza may move in memory when more bytes come.</summary>
internal readonly record struct NamespaceRef(NamespaceOrigin Origin, int Start = 0, int Length = 0);
