using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Bookmarks;

/// <summary>
/// XEP-0402 PEP Native Bookmarks, also for clients that know the list of XEP-0048 only, be it in private XML (XEP-0049) or a node: all have
/// the same bookmarks (XEP-0411).
/// </summary>
[Xep(48, "1.2")]
[Xep(402, "1.2.0")]
[Xep(411, "1.1.0")]
public sealed class Bookmarks(PubSubContext context, BookmarkBook book) : IXmppModule
{
    private readonly Notifier _notifier = new(context);

    public void Register(IModuleBuilder builder)
    {
        foreach (var feature in (string[])[$"{BookmarkXml.Ns}#compat", $"{BookmarkXml.Ns}#compat-pep", "urn:xmpp:bookmarks-conversion:0"])
            builder.Feature(IqTarget.OwnAccount, feature);
        builder.NodeChanged(BookmarkXml.Ns, (account, _, cancellationToken) => TellAsync(account, cancellationToken));
        builder.CapabilitiesKnown(SendListAsync);
    }

    /// <summary>Tells those of an account's clients that want to know what the list is now. In the account's turn.</summary>
    private async ValueTask TellAsync(Jid account, CancellationToken cancellationToken)
    {
        if (!_notifier.IsWantedBy(account, BookmarkXml.ListNs))
            return;
        var items = await BookmarkList.ItemsAsync(PubSubXml.EventNs, () => book.CollectAsync(account, cancellationToken));
        foreach (var session in context.Sessions.Of(account).ToArray())
        {
            if (_notifier.IsWantedBy(session, BookmarkXml.ListNs))
                Send(session, account, items);
        }
    }

    /// <summary>A client that wants to know gets the list when it comes, as the last item of any node (XEP-0163 §4.3.4).</summary>
    private async ValueTask SendListAsync(ISession session, DiscoInfo? before, CancellationToken cancellationToken)
    {
        if (!_notifier.IsWantedBy(session, BookmarkXml.ListNs)
            || (before is not null && Notifier.WantedBy(before).Contains(BookmarkXml.ListNs)))
        {
            return;
        }
        var account = session.Jid.Bare;
        await book.AdoptAsync(account, cancellationToken);
        if (await context.Nodes.FindAsync(account, BookmarkXml.Ns, cancellationToken) is not null)
            Send(session, account, await BookmarkList.ItemsAsync(PubSubXml.EventNs, () => book.ReadAsync(account, cancellationToken)));
    }

    private static void Send(ISession session, Jid account, Element items) =>
        session.Send(PubSubXml.Event(account, "headline", items).With("to", session.Jid.ToString()));
}
