namespace Xmpp.Core.Xml;

/// <summary>An attribute of a stanza's head. Positions are relative to <see cref="StanzaView.Bytes"/>.</summary>
/// <param name="Start">Where the attribute's name starts.</param>
/// <param name="End">Behind the closing quote.</param>
/// <param name="RawValue">The value's range as it stands, still escaped.</param>
/// <param name="IsPlain">True when <paramref name="RawValue"/> is the value: no reference, no white space to normalise.</param>
public readonly record struct StanzaAttribute(int Start, int End, Range RawValue, bool IsPlain);
