using System.Collections.Concurrent;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Components;

/// <summary>The components of the configuration (XEP-0114), by their domains, and the streams of those that have connected.</summary>
/// <param name="options">As configured now.</param>
internal sealed class ComponentDirectory(Func<ComponentOptions> options)
{
    // As they are known by, so that a message costs no search in the configuration.
    private readonly ConcurrentDictionary<string, ComponentStream> _connected = new(StringComparer.Ordinal);

    public IEnumerable<ComponentEntry> Connected => options().List.Where(entry => _connected.ContainsKey(entry.Domain));

    public ComponentEntry? Find(string domain)
    {
        foreach (var entry in options().List)
        {
            if (entry.Domain == domain)
                return entry;
        }
        return null;
    }

    public bool IsKnown(string domain) => _connected.ContainsKey(domain) || Find(domain) is not null;

    public bool IsConnected(string domain) => _connected.ContainsKey(domain);

    /// <summary>False when there is another stream for the domain.</summary>
    public bool TryAdd(ComponentStream stream) => _connected.TryAdd(stream.Domain!, stream);

    public void Remove(ComponentStream stream) => _connected.TryRemove(new(stream.Domain!, stream));

    /// <param name="stanza">UTF-8 for "jabber:client".</param>
    /// <returns>What the sender is to be told; null when it is on its way.</returns>
    public StanzaError? Send(string domain, ReadOnlySpan<byte> stanza) =>
        _connected.TryGetValue(domain, out var stream) && stream.TrySend(stanza)
            ? null
            : new(StanzaErrorCondition.ServiceUnavailable, StanzaErrorType.Wait, "The component is not connected.");

    /// <summary>Ends the streams of components that the configuration has no more, or gives another secret.</summary>
    public void Reconsider()
    {
        foreach (var (domain, stream) in _connected)
        {
            if (Find(domain) is not { } entry)
                stream.End(new StreamError(StreamErrorCondition.HostGone));
            else if (entry.Secret != stream.Entry!.Secret)
                stream.End(new StreamError(StreamErrorCondition.Reset, "The secret was changed."));
        }
    }
}
