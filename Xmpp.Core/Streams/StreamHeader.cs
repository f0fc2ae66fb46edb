namespace Xmpp.Core.Streams;

/// <summary>The attributes of an opening stream tag that negotiation needs (RFC 6120 §4.7). Absent ones are null.</summary>
/// <param name="ContentNamespace">The default namespace it declares, "" for none.</param>
public sealed record StreamHeader(
    string? To, string? From, string? Id, string? Version, string? Language, string ContentNamespace);
