using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>
/// The command (XEP-0050) by which an owner asks a service who waits to be let subscribe (XEP-0060 §8.7). Nothing is kept between its two
/// steps.
/// </summary>
internal sealed class PendingSubscriptions(PubSubContext context, Subscribing subscribing)
{
    public const string Feature = "get-pending";

    public static XmlName Command { get; } = new(AdHocCommand.Namespace, "command");

    private const string Node = $"{PubSubXml.Ns}#{Feature}";
    private const string NodeVar = "pubsub#node";

    public async ValueTask<IqReply> AnswerAsync(Jid service, Jid from, Element command, CancellationToken cancellationToken)
    {
        if (command["node"] != Node)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "There is no such command.");
        var session = command["sessionid"] ?? SortableId.New(context.Time.GetUtcNow()).ToString();
        if (command["action"] == "cancel")
            return IqReply.Result(Step(session, "canceled"));
        return DataForm.Parse(command.Child(DataForm.Name))?.Value(NodeVar) is { } name
            ? await SendAsync(service, from, name, session, cancellationToken)
            : await ListAsync(service, from, session, cancellationToken);
    }

    private async ValueTask<IqReply> ListAsync(Jid service, Jid from, string session, CancellationToken cancellationToken)
    {
        var owned = (await context.Store.ListOfAsync(service, from.Bare, cancellationToken))
            .Where(one => one.Member.Affiliation == NodeAffiliation.Owner).Select(one => one.Node).ToList();
        if (owned.Count == 0)
            return IqReply.Failed(PubSubErrors.Forbidden with { Type = StanzaErrorType.Cancel });
        var waiting = new List<FormOption>();
        foreach (var name in owned)
        {
            if (await context.Nodes.FindAsync(service, name, cancellationToken) is { } node && node.Members.Values.Any(IsPending))
                waiting.Add(new(name));
        }
        var form = DataForm.Of(DataFormType.Form, PubSubXml.AuthorizationForm,
            new FormField(NodeVar, FormFieldType.ListSingle) { Label = "Node", Options = waiting });
        return IqReply.Result(Step(session, "executing", form.ToElement()));
    }

    private async ValueTask<IqReply> SendAsync(Jid service, Jid from, string name, string session, CancellationToken cancellationToken)
    {
        if (await context.Nodes.FindAsync(service, name, cancellationToken) is not { } node)
            return IqReply.Failed(PubSubErrors.NodeNotFound);
        if (node.AffiliationOf(from) != NodeAffiliation.Owner)
            return IqReply.Failed(PubSubErrors.Forbidden with { Type = StanzaErrorType.Cancel });
        foreach (var member in node.Members.Values.Where(IsPending))
            await subscribing.AskAsync(from.Bare, node, member.Jid, cancellationToken);
        return IqReply.Result(Step(session, "completed"));
    }

    private static bool IsPending(NodeMember member) => member.Subscription == NodeSubscription.Pending;

    private static Element Step(string session, string status, Element? form = null) => new(Command,
        Element.Attr("sessionid", session), Element.Attr("node", Node), Element.Attr("status", status), form);
}
