using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Components;

/// <summary>XEP-0114 Jabber Component Protocol: the stream of a program that serves a domain of its own.</summary>
[Xep(114, "1.6")]
internal sealed partial class ComponentStream(ServerContext server, Connection connection) : PeerStream(server, connection)
{
    private const string Ns = "jabber:component:accept";

    private string? _to;

    /// <summary>What the configuration says of the component; null before its stream header.</summary>
    public ComponentEntry? Entry { get; private set; }

    /// <summary>The domain that it serves; null until it has proved that it may.</summary>
    public string? Domain { get; private set; }

    protected override string ContentNs => Ns;

    protected override string Peer => Entry is null ? "a component" : $"component {Entry.Domain}";

    protected override (int PerSecond, int Burst) Rate =>
        (Server.Current.Options.Components.BytesPerSecond, Server.Current.Options.Components.BurstBytes);

    /// <inheritdoc cref="PeerStream.SendStanza"/>
    public bool TrySend(ReadOnlySpan<byte> stanza) => SendStanza(stanza);

    /// <summary>The configuration has changed, and with it perhaps what the component may do.</summary>
    public void Update(ComponentEntry entry)
    {
        var before = Entry!;
        Entry = entry;
        if (!ConfigurationChanges.AreEqual(before.Privileges, entry.Privileges)
            || !ConfigurationChanges.AreEqual(before.Delegations, entry.Delegations))
        {
            Advertise();
        }
    }

    public override void Tick()
    {
        if (Domain is null && Server.Clock.Seconds - StartedAt > Server.Current.Options.Limits.NegotiationTimeout.TotalSeconds)
            End(new StreamError(StreamErrorCondition.ConnectionTimeout, "The handshake took too long."));
    }

    protected override void SendHeader()
    {
        IsHeaderSent = true;
        var output = Scratch.Rent();
        new StreamHeader(To: null, _to ?? Server.Current.DefaultHost, Id, Version: null, Language: null, Ns).Write(output);
        Send(output.WrittenSpan);
    }

    protected override ValueTask OpenAsync(StreamHeader header)
    {
        Entry = Jid.TryParse(header.To, out var to) && to is { Local: null, IsFull: false } ? Server.Components.Find(to.Domain) : null;
        _to = to?.Domain;
        SendHeader();
        if (header.ContentNamespace != Ns)
            throw new StreamErrorException(StreamErrorCondition.InvalidNamespace);
        if (Entry is null)
            throw new StreamErrorException(StreamErrorCondition.HostUnknown);
        if (Server.Components.IsConnected(Entry.Domain))
            throw Conflict();
        BeginContent();
        return default;
    }

    protected override ValueTask HandleAsync(StanzaView element)
    {
        if (Domain is null)
        {
            Authenticate(Normalize(element).ToElement());
            return default;
        }
        var stanza = Normalize(element);
        if (!IsStanza(stanza))
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        // §3: both addresses, and the sender's at the component's own domain.
        if (!stanza.TryGetAttribute("from"u8, out _) || !stanza.TryGetAttribute("to"u8, out _))
            throw new StreamErrorException(StreamErrorCondition.ImproperAddressing, "A stanza needs 'from' and 'to'.");
        if (stanza.AttributeJid("from"u8) is not { } from || from.Domain != Domain)
            throw new StreamErrorException(StreamErrorCondition.InvalidFrom);
        return Server.Router.RouteRemoteAsync(stanza, from, session: null, Server.Stopping);
    }

    protected override void HandleEnd()
    {
        if (Domain is null)
            return;
        Server.Components.Remove(this);
        Server.Delegated.Forget(Domain);
        LogGone(Server.StreamLogger, Domain, Connection.AbortReason);
    }

    private void Authenticate(Element handshake)
    {
        if (handshake.Name.Local != "handshake" || Entry is not { } entry || !IsProof(handshake.Text, entry.Secret))
        {
            LogRefused(Server.StreamLogger, Connection.RemoteEndPoint, Entry?.Domain);
            throw new StreamErrorException(StreamErrorCondition.NotAuthorized);
        }
        Domain = entry.Domain;
        // First, so that nothing is sent before it.
        Send("<handshake/>"u8);
        if (!Server.Components.TryAdd(this))
        {
            Domain = null;
            throw Conflict();
        }
        Framer.Limits = Server.Current.AuthenticatedLimits;
        Advertise();
        LogConnected(Server.StreamLogger, Domain, Connection.RemoteEndPoint);
    }

    /// <summary>
    /// Tells the component for each host what it may do there (XEP-0356 §4.2, XEP-0355 §4.2), and what it is to know at once.
    /// </summary>
    private void Advertise()
    {
        var (privileges, delegations) = (
            PrivilegedComponents.Describe(Entry!.Privileges), DelegatedNamespaces.Describe(Entry.Delegations));
        foreach (var host in Server.Current.Options.Hosts)
        {
            foreach (var right in new[] { privileges, delegations }.OfType<Element>())
            {
                Server.Components.Send(Domain!, new Element(Namespaces.Client, "message",
                    Element.Attr("from", host), Element.Attr("to", Domain), Element.Attr("id", $"{right.Name.Local}-{host}"), right));
            }
        }
        var component = Jid.Parse(Domain!);
        if (Entry.Privileges.Presence != PresenceAccess.None)
            Server.Presences.Brief(component);
        if (Entry.Delegations.Count > 0)
            Server.Tasks.Run($"Asking {Domain} what it can do", stop => Server.Delegated.LearnAsync(component, stop));
    }

    [SuppressMessage("Security", "CA5350", Justification = "The protocol has no other (§3).")]
    private bool IsProof(string text, string secret)
    {
        var expected = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(Id + secret)));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(text.Trim()));
    }

    private static StreamErrorException Conflict() => new(StreamErrorCondition.Conflict, "The component is connected already.");

    [LoggerMessage(Level = LogLevel.Information, Message = "The component {Domain} has connected from {Address}")]
    private static partial void LogConnected(ILogger logger, string domain, IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} didn't prove to be the component {Domain}")]
    private static partial void LogRefused(ILogger logger, IPEndPoint address, string? domain);

    [LoggerMessage(Level = LogLevel.Information, Message = "The component {Domain} is gone: {Reason}")]
    private static partial void LogGone(ILogger logger, string domain, string? reason);
}
