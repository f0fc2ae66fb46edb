using System.Runtime.CompilerServices;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Tests;

/// <summary>Connections with other servers, none of which is real.</summary>
internal sealed class FakeFederation : IFederationControl
{
    private readonly SortedSet<string> _bans = new(StringComparer.Ordinal);

    public List<ServerLinkInfo> Links { get; } =
    [
        new("localhost", "example.net", IsIncoming: false, "192.0.2.1:5269", "TLSv1.3", "EXTERNAL", Waiting: 0, Failure: null),
        new("localhost", "example.net", IsIncoming: true, "192.0.2.1:40000", "TLSv1.3", "dialback", Waiting: 0, Failure: null),
        new("example.org", "example.com", IsIncoming: false, null, null, null, Waiting: 3, "no address"),
    ];

    public IReadOnlyList<string> Bans => [.. _bans];

    public IReadOnlyCollection<ServerLinkInfo> List(string? domain) =>
        [.. Links.Where(link => domain is null || link.Remote == domain)];

    public ValueTask<int> CloseAsync(string domain) => new(Links.RemoveAll(link => link.Remote == domain));

    public ValueTask<bool> SetBannedAsync(string domain, bool isBanned, CancellationToken cancellationToken) => domain == "localhost"
        ? throw new ControlException("localhost is this server's own.")
        : new ValueTask<bool>(isBanned ? _bans.Add(domain) : _bans.Remove(domain));

    public async IAsyncEnumerable<ServerTestStep> TestAsync(
        string? local, string domain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield return new($"from {local ?? "localhost"} to {domain}", IsProblem: false);
        if (domain == "example.com")
            yield return new("example.com has no address in the DNS", IsProblem: true);
    }
}
