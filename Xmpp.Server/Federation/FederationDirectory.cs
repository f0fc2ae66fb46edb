using System.Collections.Concurrent;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Dns;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions.Journal;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>All that this server has to do with other servers: ways to them, and streams that they have made.</summary>
internal sealed class FederationDirectory
{
    private const int MaxDelegations = 4;

    /// <summary>How long an answer is waited for before a stream is closed.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    private readonly ServerContext _server;
    private readonly ServiceLocator _locator;
    private readonly ServerDialer _dialer;
    private readonly ConcurrentDictionary<(string Local, string Remote), OutgoingLink> _links = new();
    private readonly Dictionary<string, HashSet<IncomingServerStream>> _incoming = [];

    public FederationDirectory(ServerContext server, IDnsResolver resolver, ReadOnlySpan<byte> dialbackSecret)
    {
        _server = server;
        _locator = new(resolver, server.Time);
        _dialer = new(server, _locator);
        Keys = new(dialbackSecret);
        Sessions = new(server);
    }

    public DialbackKeys Keys { get; }

    /// <summary>Streams of other servers that they may resume.</summary>
    public RemoteSessions Sessions { get; }

    /// <summary>Whether what waits is for the process to come, as far as it is written down.</summary>
    public bool IsStopping { get; private set; }

    public IEnumerable<OutgoingLink> Links => _links.Values;

    /// <summary>Streams that others have made, by the domains that made them.</summary>
    public IReadOnlyList<IncomingServerStream> Incoming
    {
        get
        {
            lock (_incoming)
                return [.. _incoming.Values.SelectMany(streams => streams)];
        }
    }

    /// <summary>Whether a domain is this server's and talks to others: a host's, a service's or a component's.</summary>
    public bool IsServed(string domain)
    {
        var current = _server.Current;
        if (current.Federation is not { } federation)
            return false;
        if (current.Services.TryGetValue(domain, out var service))
            return federation.Policy.Federates(service.Host);
        return (current.Hosts.Contains(domain) || _server.Components.IsKnown(domain)) && federation.Policy.Federates(domain);
    }

    /// <summary>Whether stanzas may go to a domain, as far as that is known without trying.</summary>
    public bool IsKnown(string domain)
    {
        var current = _server.Current;
        return current.Federation is { } federation && federation.Policy.Admits(domain)
            && current.Options.Hosts.Any(federation.Policy.Federates);
    }

    /// <summary>Sends a stanza to another server. Never waits.</summary>
    /// <param name="stanza">Complete with its addresses, UTF-8 for "jabber:client"; copied.</param>
    /// <param name="origin">What it comes from: that counts as handled once the stanza is written down.</param>
    /// <returns>What its sender is to be told; null when it is on its way.</returns>
    public StanzaError? Send(string remote, ReadOnlySpan<byte> stanza, StanzaOrigin origin)
    {
        if (StanzaHead.FindJid(stanza, "from"u8)?.Domain is not { } local || !IsServed(local))
            return StanzaError.Of(StanzaErrorCondition.RemoteServerNotFound, "This server doesn't federate.");
        if (!_server.Current.Federation!.Policy.Admits(remote))
            return StanzaError.Of(StanzaErrorCondition.NotAllowed, $"This server doesn't talk to {remote}.");
        while (true)
        {
            if (!_links.TryGetValue((local, remote), out var link))
            {
                if (_links.Count >= _server.Current.Options.S2s.MaxLinks)
                    return StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "Too many other servers are talked to.");
                link = _links.GetOrAdd((local, remote), key => new(_server, _dialer, key.Local, key.Remote));
            }
            if (link.TrySend(stanza, origin, out var error))
                return error;
        }
    }

    /// <summary>A server has answered a request of a domain here; false when that was nothing that a link has asked.</summary>
    public bool TryConfirm(string local, string remote, string id) =>
        _links.TryGetValue((local, remote), out var link) && link.TryConfirm(id);

    /// <inheritdoc cref="ServerDialer.DialAsync(OutgoingPurpose)"/>
    public Task<(OutgoingServerStream? Stream, LinkFailure? Failure)> DialAsync(OutgoingPurpose purpose) => _dialer.DialAsync(purpose);

    /// <summary>Lets the next stanza of a pair make an attempt, however lately one has come to nothing.</summary>
    public void Forgive(string local, string remote)
    {
        if (_links.TryGetValue((local, remote), out var link))
            link.Forgive();
    }

    /// <summary>Asks the server of a domain whether a dialback key is its own.</summary>
    public async Task<DialbackResult> VerifyAsync(string local, string remote, DialbackRequest request)
    {
        var (stream, failure) = await _dialer.DialAsync(new(local, remote, request));
        // XEP-0220 §2.5.
        return stream?.Verification ?? new(IsValid: false, failure?.Condition switch
        {
            StanzaErrorCondition.RemoteServerNotFound => StanzaErrorCondition.RemoteServerNotFound,
            _ => StanzaErrorCondition.RemoteServerTimeout,
        });
    }

    /// <summary>
    /// Whether a certificate is that of a server where DNSSEC says that a domain's are (RFC 7673 §4). Only the first few are looked at:
    /// whoever connects can ask for this.
    /// </summary>
    public async ValueTask<bool> IsDelegatedAsync(TlsInfo tls, string domain)
    {
        using var deadline = new CancellationTokenSource(_server.Current.Options.Limits.NegotiationTimeout, _server.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _server.Stopping);
        try
        {
            var location = await _locator.LocateAsync(domain, either.Token);
            foreach (var target in location.Targets.Where(target => target.IsSecure).Take(MaxDelegations))
            {
                var (_, addresses) = await _locator.FindAddressesAsync(target.Host, either.Token);
                var (delegation, _) = await _locator.FindDelegationAsync(target, addresses.IsSecure, either.Token);
                if (delegation is not null && _server.Current.Federation is { } federation
                    && federation.Certificates.Check(tls, domain, delegation) is null)
                    return true;
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody said so.
        }
        return false;
    }

    /// <summary>Whether a stream of a domain that has proved itself may stay; if so it counts until <see cref="Leave"/>.</summary>
    public bool TryEnter(IncomingServerStream stream, string remote)
    {
        lock (_incoming)
        {
            if (!_incoming.TryGetValue(remote, out var streams))
                _incoming[remote] = streams = [];
            return streams.Count < _server.Current.Options.S2s.StreamsPerDomain && streams.Add(stream);
        }
    }

    /// <summary>A stream that a domain has made and that may carry stanzas to it; null when there is none.</summary>
    public IncomingServerStream? FindBidirectional(string local, string remote)
    {
        lock (_incoming)
            return _incoming.TryGetValue(remote, out var streams) ? streams.FirstOrDefault(stream => stream.CanCarry(local, remote)) : null;
    }

    public void Leave(IncomingServerStream stream, string remote)
    {
        lock (_incoming)
        {
            if (_incoming.TryGetValue(remote, out var streams) && streams.Remove(stream) && streams.Count == 0)
                _incoming.Remove(remote);
        }
    }

    /// <summary>Takes up a way that a process has left behind.</summary>
    public void Restore(LeftLink left)
    {
        var link = new OutgoingLink(_server, _dialer, left.Link.Local, left.Link.Remote);
        link.Restore(left);
        _links[(link.Local, link.Remote)] = link;
    }

    /// <summary>Looks after links, and forgets those that nobody needs; about once a second.</summary>
    public void Tick()
    {
        Sessions.Tick();
        foreach (var (key, link) in _links)
        {
            link.Tick();
            if (link.TryRemove())
                _links.TryRemove(new(key, link));
        }
    }

    /// <summary>Ends what the configuration doesn't allow any more.</summary>
    public void Reconsider()
    {
        var policy = _server.Current.Federation?.Policy;
        foreach (var link in _links.Values)
        {
            if (policy?.Admits(link.Remote) != true || !IsServed(link.Local))
                link.Close(LinkFailure.NotFound($"This server doesn't talk to {link.Remote} any more."));
            else
                link.Stream?.Reconsider(policy);
        }
        foreach (var stream in Incoming)
        {
            if (policy?.Admits(stream.Remote!) != true || !IsServed(stream.Local!))
                stream.End(new(Core.Streams.StreamErrorCondition.PolicyViolation, "This server doesn't talk to you any more."));
            else
                stream.Reconsider(policy);
        }
    }

    /// <summary>Asks servers that do no stream management what they have, and closes the streams to those that answer within a moment.</summary>
    /// <returns>The ways of those.</returns>
    public async Task<IReadOnlyList<OutgoingLink>> FinishAsync(IEnumerable<OutgoingLink> links)
    {
        var asked = links.Select(link => (Link: link, Finished: link.FinishAsync())).ToList();
        try
        {
            await Task.WhenAll(asked.Select(link => link.Finished)).WaitAsync(AnswerTime, _server.Time);
        }
        catch (TimeoutException)
        {
            // Some never answer.
        }
        return [.. asked.Where(link => link.Finished is { IsCompletedSuccessfully: true, Result: true }).Select(link => link.Link)];
    }

    /// <summary>
    /// The server stops: what was sent comes over, and what waits is returned, unless it is written down for the process to come.
    /// </summary>
    public async Task StopAsync()
    {
        IsStopping = true;
        await FinishAsync(_links.Values);
        foreach (var link in _links.Values.Where(link => link.Waiting > 0 && !link.IsWrittenDown))
            link.Close(LinkFailure.Timeout("The server stops."));
    }

    /// <summary>Nothing is sent or handled any more: what is in the journal is for the process to come.</summary>
    public void LeaveJournal()
    {
        Sessions.LeaveJournal();
        foreach (var link in _links.Values)
            link.LeaveJournal();
    }
}
