namespace Xmpp.Core.Xml;

/// <summary>A child element of a stanza. Spans are valid as long as the view.</summary>
public readonly ref struct StanzaChild
{
    public ReadOnlySpan<byte> LocalName { get; init; }

    public ReadOnlySpan<byte> Namespace { get; init; }

    /// <summary>Start and end relative to <see cref="StanzaView.Bytes"/>.</summary>
    public int Start { get; init; }

    public int End { get; init; }
}
