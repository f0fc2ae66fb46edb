namespace Xmpp.Server.Control;

/// <summary>Answered with a <see cref="ServerLinkInfo"/> for each stream with another server, and each attempt at one.</summary>
/// <param name="Domain">Only with this one; null for all.</param>
public sealed record ListServersRequest(string? Domain) : ControlRequest;

/// <summary>Ends all streams with a domain; what is sent to it makes a new one. Answered with their number.</summary>
public sealed record CloseServerRequest(string Domain) : ControlRequest;

/// <summary>Makes a stream to another server and tries it. Answered with each <see cref="ServerTestStep"/> as it comes.</summary>
/// <param name="Local">For which host; null for the first that federates.</param>
public sealed record TestServerRequest(string? Local, string Domain) : ControlRequest;

/// <summary>Bans a domain, and all below it. Answered with false when it was already.</summary>
public sealed record BanDomainRequest(string Domain) : ControlRequest;

/// <summary>Lifts the ban of a domain. Answered with false when there was none.</summary>
public sealed record LiftBanRequest(string Domain) : ControlRequest;

/// <summary>Answered with each banned domain.</summary>
public sealed record ListBansRequest : ControlRequest;

/// <summary>A stream with another server.</summary>
/// <param name="Local">The domain here.</param>
/// <param name="Remote">The domain there.</param>
/// <param name="IsIncoming">The other server has made it: stanzas come by it.</param>
/// <param name="Address">Address and port of the other server; null while there is no connection.</param>
/// <param name="Tls">Protocol, such as "TLSv1.3".</param>
/// <param name="AuthorizedBy">"EXTERNAL" or "dialback"; null while it isn't.</param>
/// <param name="Waiting">Stanzas that wait for the connection.</param>
/// <param name="Failure">Why the last attempt came to nothing; or null.</param>
public sealed record ServerLinkInfo(
    string Local, string Remote, bool IsIncoming, string? Address, string? Tls, string? AuthorizedBy, int Waiting, string? Failure);

/// <summary>Something that was tried, or seen.</summary>
/// <param name="IsProblem">It is why there is no way; the last step.</param>
public sealed record ServerTestStep(string Text, bool IsProblem);

/// <summary>What <c>xmppctl</c> may see and do of streams with other servers. Every member may be called from any thread.</summary>
public interface IFederationControl
{
    /// <param name="domain">Only with this one; null for all.</param>
    IReadOnlyCollection<ServerLinkInfo> List(string? domain);

    /// <summary>Ends all streams with a domain.</summary>
    /// <returns>How many there were.</returns>
    ValueTask<int> CloseAsync(string domain);

    /// <summary>Domains that are banned, each with all below it, in order.</summary>
    IReadOnlyList<string> Bans { get; }

    /// <summary>Bans a domain and all below it, which ends the streams with it; or lifts that.</summary>
    /// <returns>False when it was so already.</returns>
    /// <exception cref="ControlException">It can't be banned.</exception>
    ValueTask<bool> SetBannedAsync(string domain, bool isBanned, CancellationToken cancellationToken);

    /// <summary>Makes a stream to a domain, asks its server something, and tells of each step.</summary>
    /// <param name="local">For which host; null for the first that federates.</param>
    IAsyncEnumerable<ServerTestStep> TestAsync(string? local, string domain, CancellationToken cancellationToken);
}
