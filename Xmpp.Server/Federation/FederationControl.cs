using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Federation;

/// <summary>What operators see and do of streams between servers.</summary>
internal sealed class FederationControl(ServerContext server, FederationDirectory federation) : IFederationControl
{
    private static readonly TimeSpan PingPatience = TimeSpan.FromSeconds(20);

    public IReadOnlyCollection<ServerLinkInfo> List(string? domain) =>
    [
        .. federation.Links.Where(link => domain is null || link.Remote == domain).Select(link => new ServerLinkInfo(
            link.Local, link.Remote, IsIncoming: false, link.Stream?.Connection.RemoteEndPoint.ToString(),
            link.Stream?.Connection.Tls?.Protocol, link.Stream?.AuthorizedBy, link.Waiting, link.Failure?.Reason)),
        .. federation.Incoming.Where(stream => domain is null || stream.Remote == domain).Select(stream => new ServerLinkInfo(
            stream.Local!, stream.Remote!, IsIncoming: true, stream.Connection.RemoteEndPoint.ToString(),
            stream.Connection.Tls?.Protocol, stream.AuthorizedBy, Waiting: 0, Failure: null)),
    ];

    public async ValueTask<int> CloseAsync(string domain)
    {
        var (links, streams) = (federation.Links.Where(link => link.Remote == domain).ToList(),
            federation.Incoming.Where(stream => stream.Remote == domain && stream.Link is null).ToList());
        // The others' streams last: answers come by them.
        foreach (var link in links.Except(await federation.FinishAsync(links)))
            link.Close(LinkFailure.Timeout("An administrator has closed the connection."), mayRetry: true);
        foreach (var stream in streams)
            stream.End(null);
        return links.Count + streams.Count;
    }

    public IReadOnlyList<string> Bans => server.Bans.All;

    public async ValueTask<bool> SetBannedAsync(string domain, bool isBanned, CancellationToken cancellationToken)
    {
        var hosts = server.Current.Options.Hosts;
        if (isBanned && hosts.Any(host => host == domain || host.EndsWith($".{domain}", StringComparison.Ordinal)))
            throw new ControlException($"{domain} is this server's own.");
        if (!await server.Bans.SetAsync(domain, isBanned, hosts, cancellationToken))
            return false;
        federation.Reconsider();
        return true;
    }

    public async IAsyncEnumerable<ServerTestStep> TestAsync(
        string? local, string domain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var steps = Channel.CreateUnbounded<ServerTestStep>();
        var test = RunTestAsync(local, domain, steps.Writer, cancellationToken);
        await foreach (var step in steps.Reader.ReadAllAsync(cancellationToken))
            yield return step;
        await test;
    }

    private async Task RunTestAsync(string? local, string domain, ChannelWriter<ServerTestStep> steps, CancellationToken cancellationToken)
    {
        try
        {
            if (await TestAsync() is { } problem)
                steps.TryWrite(new(problem, IsProblem: true));
            steps.TryComplete();
        }
        catch (Exception failure)
        {
            steps.TryComplete(failure);
        }

        void Say(string text) => steps.TryWrite(new(text, IsProblem: false));

        async Task<string?> TestAsync()
        {
            local ??= server.Current.Options.Hosts.FirstOrDefault(federation.IsServed);
            if (local is null || !federation.IsServed(local))
                return $"{local ?? "this server"} doesn't federate: see \"s2s\".\"use\" in the configuration";
            if (!server.Current.Federation!.Policy.Admits(domain))
                return $"{domain} is not to be talked to: see \"s2s\".\"deny\" and \"allow\" in the configuration, and xmppctl ban list";
            Say($"from {local} to {domain}");
            var (stream, failure) = await federation.DialAsync(new(local, domain, Report: Say));
            if (stream is null)
                return failure!.Reason;
            stream.End(null);
            federation.Forgive(local, domain);
            var started = server.Time.GetTimestamp();
            var answer = await server.Remote.AskAsync(
                Jid.Parse(domain), Jid.Parse(local), IqType.Get, new Element("urn:xmpp:ping", "ping"), PingPatience, cancellationToken);
            if (answer is null)
            {
                return $"{domain} takes stanzas of {local}, but none comes back: look whether its server finds this one in the DNS "
                    + $"(_xmpp-server._tcp.{local}), reaches its port, and trusts its certificate; its log says so";
            }
            if (answer["type"] == "error" && StanzaError.Parse(answer) is
                {
                    Condition: not (StanzaErrorCondition.ServiceUnavailable
                or StanzaErrorCondition.FeatureNotImplemented or StanzaErrorCondition.NotAllowed or StanzaErrorCondition.Forbidden)
                } error)
                return $"a ping was returned: {StanzaError.WireName(error.Condition)} {error.Text}";
            Say($"a ping was answered within {(int)server.Time.GetElapsedTime(started).TotalMilliseconds} ms: both directions work");
            return null;
        }
    }
}
