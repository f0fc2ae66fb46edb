using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0012 Last Activity: how long the server has been running, and how long ago an account was left, for those who may see its
/// presence.
/// </summary>
/// <param name="started">When the server was.</param>
[Xep(12, "2.0")]
public sealed class LastActivity(
    ISessionDirectory sessions, Presences presences, ILastSeenStore store, DateTimeOffset started, TimeProvider time) : IXmppModule
{
    private const string Ns = "jabber:iq:last";

    private static readonly XmlName Query = new(Ns, "query");

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server | IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.Server, Query, (_, _) => new(IqReply.Result(Since(started)))); // §5
        builder.Iq(IqType.Get, IqTarget.OwnAccount | IqTarget.OtherAccount, Query, OfAccountAsync);
        builder.Forwarding(Query, MayAskAsync);
    }

    /// <summary>§3. An account that doesn't exist is one whose presence nobody may see.</summary>
    private async ValueTask<IqReply> OfAccountAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (await MayAskAsync(iq.From, iq.To, cancellationToken) is { } error)
            return IqReply.Failed(error);
        if (!sessions.Of(iq.To).IsEmpty)
            return IqReply.Result(new Element(Query, Element.Attr("seconds", "0")));
        if (await store.FindAsync(iq.To, cancellationToken) is not { } seen)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "The account was never available.");
        var status = StoredXml.Read(seen.Presence).Child(Namespaces.Client, "status")?.Text;
        return IqReply.Result(Since(seen.At).Add(string.IsNullOrEmpty(status) ? null : status));
    }

    /// <summary>§4 for resources, whether they are connected or not: an answer would tell which.</summary>
    private async ValueTask<StanzaError?> MayAskAsync(Jid asker, Jid target, CancellationToken cancellationToken) =>
        await presences.MaySeeAsync(asker, target, cancellationToken) ? null : StanzaError.Of(StanzaErrorCondition.Forbidden);

    private Element Since(DateTimeOffset moment) => new(Query,
        Element.Attr("seconds", Math.Max(0, (long)(time.GetUtcNow() - moment).TotalSeconds).ToString(CultureInfo.InvariantCulture)));
}
