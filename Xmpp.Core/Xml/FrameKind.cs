namespace Xmpp.Core.Xml;

/// <summary>What <see cref="StanzaFramer.Read"/> found at the start of the bytes.</summary>
public enum FrameKind
{
    /// <summary>Not yet a whole frame; call again with the same bytes and more behind them.</summary>
    NeedMore,

    /// <summary>White space between stanzas (a keep-alive, RFC 6120 §4.6.1) or the XML declaration.</summary>
    Whitespace,

    /// <summary>The stream header; <see cref="StanzaFramer.Header"/> describes it.</summary>
    StreamOpen,

    /// <summary>A complete first-level element; <see cref="StanzaFramer.Stanza"/> describes it.</summary>
    Stanza,

    /// <summary>The closing tag of the stream.</summary>
    StreamClose,

    /// <summary>The input can't be part of a stream; <see cref="StanzaFramer.Error"/> says why. Terminal.</summary>
    Error,
}
