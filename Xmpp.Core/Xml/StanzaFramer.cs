using Xmpp.Core.Streams;

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

/// <summary>Limits a stream's XML must keep; exceeding one is a <c>policy-violation</c> (RFC 6120 §4.9.3.14, §13.12).</summary>
/// <param name="MaxStanzaBytes">Size of a first-level element or of the stream header, in bytes.</param>
/// <param name="MaxDepth">Nesting below the stream element.</param>
/// <param name="MaxAttributes">Attributes of one element, namespace declarations included.</param>
public sealed record FramerLimits(int MaxStanzaBytes = 262_144, int MaxDepth = 128, int MaxAttributes = 64);

/// <summary>
/// Finds the first-level elements of an XML stream in contiguous bytes and indexes them without building a tree.
/// Incremental: work done on a partial stanza isn't repeated when more bytes come. No I/O, no allocation once warm.
/// </summary>
public sealed class StanzaFramer(FramerLimits limits)
{
    public FramerLimits Limits => limits;

    /// <summary>Set with <see cref="FrameKind.StreamOpen"/>.</summary>
    public StreamHeader Header => throw new NotImplementedException();

    /// <summary>Set with <see cref="FrameKind.Stanza"/>; the same object every time, valid until the next <see cref="Read"/>.</summary>
    public StanzaView Stanza => throw new NotImplementedException();

    /// <summary>Set with <see cref="FrameKind.Error"/>: the stream error to send (RFC 6120 §4.9.3).</summary>
    public StreamError? Error => throw new NotImplementedException();

    /// <summary>Reads one frame from the start of <paramref name="input"/>.</summary>
    /// <param name="input">The bytes that no earlier call consumed, from their start.</param>
    /// <param name="consumed">How many bytes the frame took; 0 with <see cref="FrameKind.NeedMore"/> and <see cref="FrameKind.Error"/>.</param>
    public FrameKind Read(ReadOnlyMemory<byte> input, out int consumed) => throw new NotImplementedException();

    /// <summary>Forgets everything: the next bytes start a new stream (RFC 6120 §4.3.3).</summary>
    public void Reset() => throw new NotImplementedException();
}
