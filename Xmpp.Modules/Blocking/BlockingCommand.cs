using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0191 Blocking Command: nothing passes between an account and whom it has blocked. Reports of spam and abuse may come with a
/// block (XEP-0377).
/// </summary>
[Xep(191, "1.3")]
public sealed class BlockingCommand(
    BlockingCommandOptions options, BlockLists lists, IBlockedPresence presence, SpamReports reports, ISessionDirectory sessions)
    : IXmppModule
{
    private const string Ns = "urn:xmpp:blocking";
    private static readonly SessionKey<object> HasAsked = SessionKey.Flag("blocklist");
    internal static readonly XmlName Item = new(Ns, "item");

    // §3.3: the type is not the one that goes with the condition.
    private static readonly GuardVerdict IsBlocked = GuardVerdict.Refuse(new(
        StanzaErrorCondition.NotAcceptable, StanzaErrorType.Cancel, Application: new Element("urn:xmpp:blocking:errors", "blocked")));

    private static readonly GuardVerdict IsOffline = GuardVerdict.Refuse(StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));

    private long _pushes;

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server, Ns);
        builder.Feature(IqTarget.Server, SpamReport.Ns);
        builder.Iq(IqType.Get, IqTarget.OwnAccount, new XmlName(Ns, "blocklist"), ListAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, new XmlName(Ns, "block"), BlockAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, new XmlName(Ns, "unblock"), UnblockAsync);
        builder.Guard(CheckAsync);
        builder.AccountRemoved(lists.ForgetAsync);
    }

    private ValueTask<GuardVerdict> CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken)
    {
        // XEP-0016 §2.2: between an account's own resources nothing is blocked, whatever the list says.
        if (stanza.Peer.Bare == stanza.Account)
            return new(GuardVerdict.Pass);
        var list = lists.GetAsync(stanza.Account, cancellationToken);
        return list.IsCompletedSuccessfully ? new(Judge(list.Result, stanza)) : JudgeAsync(list, stanza);

        static async ValueTask<GuardVerdict> JudgeAsync(ValueTask<BlockList> list, GuardedStanza stanza) => Judge(await list, stanza);
    }

    /// <summary>§3.3: for whom is blocked, the account is offline.</summary>
    private static GuardVerdict Judge(BlockList list, in GuardedStanza stanza) => stanza switch
    {
        _ when !list.Blocks(stanza.Peer) => GuardVerdict.Pass,
        { Direction: MessageDirection.Sent } => IsBlocked,
        { Kind: StanzaKind.Presence } or { Kind: StanzaKind.Iq, Type: "result" or "error" } => GuardVerdict.Drop,
        _ => IsOffline,
    };

    /// <summary>§3.2. Who asks is told of changes from now on.</summary>
    private async ValueTask<IqReply> ListAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        // First: a change that comes in between is told twice rather than never.
        iq.Session?.State.Set(HasAsked, this);
        var list = await lists.GetAsync(iq.To, cancellationToken);
        return IqReply.Result(new Element(Ns, "blocklist", list.Items.Select(ItemOf)));
    }

    /// <summary>§3.3.</summary>
    private async ValueTask<IqReply> BlockAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (!TryReadItems(iq.Payload, out var items, out var problem))
            return IqReply.Failed(problem);
        if (items.Count == 0)
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        var account = iq.To;
        var isDone = await lists.ChangeAsync(
            account,
            list => list.Items.Union(items) is var all && (all.Count <= options.Entries || all.Count == list.Items.Count) ? new(all) : null,
            // The last that they see: presence that was on its way before the guard was there comes before it.
            async () =>
            {
                foreach (var item in items)
                    await presence.HideAsync(account, item, cancellationToken);
                Push(account, "block", items);
            },
            cancellationToken);
        if (!isDone)
            return IqReply.Failed(StanzaErrorCondition.ResourceConstraint, $"No more than {options.Entries} addresses can be blocked.");
        await reports.PassOnAsync(account, iq.Payload, cancellationToken);
        return IqReply.Result();
    }

    /// <summary>§3.4, and of all without items (§3.5).</summary>
    private async ValueTask<IqReply> UnblockAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (!TryReadItems(iq.Payload, out var items, out var problem))
            return IqReply.Failed(problem);
        var account = iq.To;
        IReadOnlyCollection<Jid> removed = [];
        await lists.ChangeAsync(
            account,
            list =>
            {
                removed = items.Count == 0 ? list.Items : [.. items.Where(list.Items.Contains)];
                return new(list.Items.Except(removed));
            },
            async () =>
            {
                foreach (var item in removed)
                    await presence.ShowAsync(account, item, cancellationToken);
                Push(account, "unblock", items);
            },
            cancellationToken);
        return IqReply.Result();
    }

    /// <summary>Reads the addresses; an element that is no item is passed over.</summary>
    private static bool TryReadItems(Element command, out IReadOnlyList<Jid> items, out StanzaErrorCondition problem)
    {
        (items, problem) = ([], default);
        var read = new List<Jid>();
        foreach (var element in command.Elements.Where(element => element.Name == Item))
        {
            if (!Jid.TryParse(element["jid"], out var jid))
            {
                problem = element["jid"] is null ? StanzaErrorCondition.BadRequest : StanzaErrorCondition.JidMalformed;
                return false;
            }
            read.Add(jid);
        }
        items = [.. read.Distinct()];
        return true;
    }

    /// <summary>§3.3, §3.4: every resource that has asked for the list is told what changed.</summary>
    private void Push(Jid account, string command, IReadOnlyList<Jid> items)
    {
        var payload = new Element(Ns, command, items.Select(ItemOf));
        foreach (var session in sessions.Of(account))
        {
            if (session.State.Get(HasAsked) is null)
                continue;
            session.Send(new Element(Namespaces.Client, "iq",
                Element.Attr("type", "set"),
                Element.Attr("id", "b" + Interlocked.Increment(ref _pushes).ToString(CultureInfo.InvariantCulture)),
                Element.Attr("from", account.ToString()),
                Element.Attr("to", session.Jid.ToString()),
                payload));
        }
    }

    private static Element ItemOf(Jid jid) => new(Item, Element.Attr("jid", jid.ToString()));
}
