using Xmpp.Server.Dns;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>Makes streams to other servers: finds them, tries their addresses in turn, negotiates.</summary>
internal sealed class ServerDialer(ServerContext server, ServiceLocator locator)
{
    /// <summary>Attempts at a time; further ones wait.</summary>
    private const int MaxConcurrent = 256;

    // Of the process.
    private static readonly SemaphoreSlim Places = new(MaxConcurrent);

    private readonly Connector _connector = new(server.Time);

    /// <returns>A stream that does what it was asked for; or why there is none.</returns>
    public async Task<(OutgoingServerStream? Stream, LinkFailure? Failure)> DialAsync(OutgoingPurpose purpose)
    {
        using var deadline = new CancellationTokenSource(server.Current.Options.S2s.ConnectTimeout, server.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, server.Stopping);
        try
        {
            await Places.WaitAsync(either.Token);
            try
            {
                return await DialAsync(purpose, either.Token);
            }
            finally
            {
                Places.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return (null, LinkFailure.Timeout($"the server of {purpose.Remote} could not be reached in time"));
        }
    }

    private async Task<(OutgoingServerStream? Stream, LinkFailure? Failure)> DialAsync(
        OutgoingPurpose purpose, CancellationToken cancellationToken)
    {
        var location = await locator.LocateAsync(purpose.Remote, cancellationToken);
        if (location.Targets.Count == 0)
        {
            return (null, location.IsUnknown
                ? LinkFailure.Timeout(location.Failure!)
                : LinkFailure.NotFound(location.Failure!));
        }
        LinkFailure? failure = null;
        foreach (var target in location.Targets)
        {
            purpose.Report?.Invoke($"{target.Host}, port {target.Port}{(target.IsDirectTls ? ", Direct TLS" : "")}");
            var (stream, problem) = await DialAsync(purpose, target, cancellationToken);
            if (stream is not null)
                return (stream, null);
            purpose.Report?.Invoke(problem!.Reason);
            // A server that can't be found says less than one that could be, and did not do.
            if (failure is null || failure.Condition == Core.Stanzas.StanzaErrorCondition.RemoteServerNotFound)
                failure = problem;
        }
        return (null, failure);
    }

    private async Task<(OutgoingServerStream? Stream, LinkFailure? Failure)> DialAsync(
        OutgoingPurpose purpose, ServiceTarget target, CancellationToken cancellationToken)
    {
        var (addresses, answer) = await locator.FindAddressesAsync(target.Host, cancellationToken);
        if (addresses.Count == 0)
        {
            return (null, answer.Outcome == DnsOutcome.Failed
                ? LinkFailure.Timeout($"the address of {target.Host} is not known: {answer.Failure}")
                : LinkFailure.NotFound($"{target.Host} has no address in the DNS"));
        }
        var (delegation, bogus) = await locator.FindDelegationAsync(target, answer.IsSecure, cancellationToken);
        if (bogus is not null)
            return (null, LinkFailure.Timeout($"what the DNS says about the certificate of {target.Host} is not known: {bogus}"));
        if (delegation is not null)
            purpose.Report?.Invoke(delegation.ToString());
        var problems = new List<string>();
        var connected = await _connector.ConnectAsync(addresses, target.Port, (endPoint, why) =>
        {
            purpose.Report?.Invoke($"{endPoint}: {why}");
            problems.Add($"{endPoint}: {why}");
        }, cancellationToken);
        if (connected is not var (socket, remote))
            return (null, LinkFailure.Timeout($"no connection with the server of {purpose.Remote}: {string.Join("; ", problems)}"));

        purpose.Report?.Invoke($"connected with {remote}");
        // Before anybody is believed to have what was sent (OutgoingLink).
        SocketTuning.SetUserTimeout(socket, server.Current.Options.Limits.KeepAliveTimeout / 2);
        var connection = new SocketConnection(socket, remote, new SocketConnectionOptions
        {
            MaxInputBytes = 2 * server.Current.Options.Limits.StanzaBytes,
            MaxOutputBytes = server.Current.Options.S2s.OutputBytes,
            TimeProvider = server.Time,
        });
        var stream = new OutgoingServerStream(server, connection, purpose, target.IsDirectTls, delegation);
        _ = server.Streams.RunAsync(stream);
        try
        {
            return await stream.Negotiated.WaitAsync(cancellationToken) is { } failure ? (null, failure) : (stream, null);
        }
        catch (OperationCanceledException)
        {
            stream.GiveUp();
            throw;
        }
    }
}
