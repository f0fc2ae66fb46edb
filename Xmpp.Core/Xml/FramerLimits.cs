namespace Xmpp.Core.Xml;

/// <summary>Limits a stream's XML must keep; exceeding one is a <c>policy-violation</c> (RFC 6120 §4.9.3.14, §13.12).</summary>
/// <param name="MaxStanzaBytes">Size of a first-level element or of the stream header, in bytes.</param>
/// <param name="MaxDepth">Nesting below the stream element, 1 for a stanza without children; at most <see cref="DepthBound"/>.</param>
/// <param name="MaxAttributes">Attributes of one element, namespace declarations included.</param>
/// <param name="MaxPrefixes">Namespace prefixes declared by the open elements of a stanza or by the stream header.</param>
/// <param name="MaxChildren">Child elements of a first-level element; not of those below.</param>
public sealed record FramerLimits(
    int MaxStanzaBytes = 262_144, int MaxDepth = 128, int MaxAttributes = 64, int MaxPrefixes = 64, int MaxChildren = 1024)
{
    /// <summary>Trees are walked recursively, so depth needs a bound that no configuration lifts.</summary>
    public const int DepthBound = 1000;

    /// <summary>For what was accepted once before, or is our own, and may have grown since.</summary>
    public static FramerLimits None { get; } = new(
        MaxStanzaBytes: int.MaxValue, MaxDepth: DepthBound, MaxAttributes: int.MaxValue, MaxChildren: int.MaxValue);

    public int MaxDepth { get; init; } = MaxDepth is > 0 and <= DepthBound
        ? MaxDepth : throw new ArgumentOutOfRangeException(nameof(MaxDepth), MaxDepth, $"1 to {DepthBound}.");
}
