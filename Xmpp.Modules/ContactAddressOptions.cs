namespace Xmpp.Modules;

/// <summary>XEP-0157 contact addresses: URIs (mailto:, xmpp:, https:) by purpose.</summary>
public sealed record ContactAddressOptions
{
    public IReadOnlyList<string> Abuse { get; init; } = [];
    public IReadOnlyList<string> Admin { get; init; } = [];
    public IReadOnlyList<string> Feedback { get; init; } = [];
    public IReadOnlyList<string> Sales { get; init; } = [];
    public IReadOnlyList<string> Security { get; init; } = [];
    public IReadOnlyList<string> Status { get; init; } = [];
    public IReadOnlyList<string> Support { get; init; } = [];
}
