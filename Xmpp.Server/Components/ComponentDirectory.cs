using System.Collections.Concurrent;
using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Components;

/// <summary>The components of the configuration (XEP-0114), by their domains, and the streams of those that have connected.</summary>
/// <param name="options">As configured now.</param>
internal sealed class ComponentDirectory(Func<ComponentOptions> options) : IPresenceWatchers
{
    private readonly Lock _gate = new();
    // As they are known by, so that a message costs no search in the configuration.
    private readonly ConcurrentDictionary<string, ComponentStream> _connected = new(StringComparer.Ordinal);

    public ImmutableArray<Jid> OfAccounts { get; private set; } = [];

    public ImmutableArray<Jid> OfContacts { get; private set; } = [];

    /// <summary>Connected components that are told of changes of rosters (XEP-0356 §4.4).</summary>
    public ImmutableArray<Jid> RosterWatchers { get; private set; } = [];

    /// <summary>What components answer in the place of the server (XEP-0355), whether they are connected or not.</summary>
    public ImmutableArray<(Jid Component, DelegatedNamespace Delegation)> Delegations { get; private set; } = [];

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
    public bool TryAdd(ComponentStream stream)
    {
        if (!_connected.TryAdd(stream.Domain!, stream))
            return false;
        Arrange();
        return true;
    }

    public void Remove(ComponentStream stream)
    {
        _connected.TryRemove(new(stream.Domain!, stream));
        Arrange();
    }

    /// <param name="stanza">UTF-8 for "jabber:client".</param>
    /// <returns>What the sender is to be told; null when it is on its way.</returns>
    public StanzaError? Send(string domain, ReadOnlySpan<byte> stanza) =>
        _connected.TryGetValue(domain, out var stream) && stream.TrySend(stanza)
            ? null
            : new(StanzaErrorCondition.ServiceUnavailable, StanzaErrorType.Wait, "The component is not connected.");

    /// <inheritdoc cref="Send(string, ReadOnlySpan{byte})"/>
    public StanzaError? Send(string domain, Element stanza)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, stanza, Namespaces.Client, streamPrefix: false);
        return Send(domain, output.WrittenSpan);
    }

    /// <summary>Ends the streams of components that the configuration has no more, or gives another secret.</summary>
    public void Reconsider()
    {
        Arrange();
        foreach (var (domain, stream) in _connected)
        {
            if (Find(domain) is not { } entry)
                stream.End(new StreamError(StreamErrorCondition.HostGone));
            else if (entry.Secret != stream.Entry!.Secret)
                stream.End(new StreamError(StreamErrorCondition.Reset, "The secret was changed."));
            else
                stream.Update(entry);
        }
    }

    /// <summary>Who has which right, so that nobody has to search for it.</summary>
    private void Arrange()
    {
        lock (_gate)
        {
            var (all, connected) = (options().List, Connected.ToList());
            OfAccounts = JidsOf(connected.Where(entry => entry.Privileges.Presence != PresenceAccess.None));
            OfContacts = JidsOf(connected.Where(entry => entry.Privileges.Presence == PresenceAccess.Contacts));
            RosterWatchers = JidsOf(connected.Where(entry => entry.Privileges.IsPushed));
            Delegations =
                [.. all.SelectMany(entry => entry.Delegations, (entry, delegation) => (Jid.Parse(entry.Domain), delegation))];
        }
    }

    private static ImmutableArray<Jid> JidsOf(IEnumerable<ComponentEntry> entries) => [.. entries.Select(entry => Jid.Parse(entry.Domain))];
}
