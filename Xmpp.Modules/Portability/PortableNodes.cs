using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Portability;

/// <summary>An account's nodes in a document (XEP-0227 §4.9): how they are configured, and apart from that what is in them.</summary>
internal static class PortableNodes
{
    private static readonly PubSubOptions _anything = new() { ItemsPerNode = int.MaxValue, ItemBytes = int.MaxValue };

    /// <summary>The parts of a <c>pubsub</c> of owners that are about one node.</summary>
    public static IEnumerable<Element> ToElements(StoredNode stored)
    {
        var node = Node.Of(stored);
        yield return Of("configure", node, NodeFields.Form(DataFormType.Submit, node.Configuration).ToElement());
        var affiliated = node.Members.Values.Where(member => member.Affiliation != NodeAffiliation.None).ToList();
        if (affiliated.Count > 0)
        {
            yield return Of("affiliations", node, affiliated.Select(member => new Element(PubSubXml.OwnerNs, "affiliation",
                Element.Attr("jid", member.Jid.ToString()), Element.Attr("affiliation", Names.Of(member.Affiliation)))));
        }
        var subscribed = node.Members.Values.Where(member => member.Subscription != NodeSubscription.None).ToList();
        if (subscribed.Count > 0)
        {
            yield return Of("subscriptions", node, subscribed.Select(member => new Element(PubSubXml.OwnerNs, "subscription",
                Element.Attr("jid", member.Jid.ToString()), Element.Attr("subscription", Names.Of(member.Subscription)))));
        }

        static Element Of(string name, Node node, object content) =>
            new(PubSubXml.OwnerNs, name, Element.Attr("node", node.Name), content);
    }

    public static Element ToElement(StoredItem item) => new(PubSubXml.Ns, "item",
        Element.Attr("id", item.Id), Element.Attr("publisher", item.Publisher?.ToString()),
        item.Payload.IsEmpty ? null : StoredXml.Read(item.Payload));

    /// <summary>Reads the parts of a <c>pubsub</c> of owners, those of a node together.</summary>
    public static IEnumerable<StoredNode> Read(Jid account, IEnumerable<Element> parts, LeftOut leftOut)
    {
        foreach (var ofNode in parts.GroupBy(part => part["node"] ?? ""))
        {
            var configuration = NodeConfiguration.OfAccount;
            var members = new Dictionary<Jid, NodeMember>();
            foreach (var part in ofNode)
            {
                switch (part.Name.Local)
                {
                    case "configure" when DataForm.Parse(part.Child(DataForm.Name)) is { } form:
                        configuration = NodeFields.Apply(configuration, form, _anything, out _) ?? configuration;
                        break;
                    case "affiliations" or "subscriptions":
                        foreach (var member in part.Elements)
                            Add(member, members);
                        break;
                    default:
                        leftOut.Add(part.Name.ToString());
                        break;
                }
            }
            members.Remove(account);
            if (ofNode.Key.Length > 0)
                yield return Of(account, ofNode.Key, configuration, [.. members.Values]);
        }

        void Add(Element element, Dictionary<Jid, NodeMember> members)
        {
            if (!Jid.TryParse(element["jid"], out var jid))
            {
                leftOut.Add(element.Name.ToString());
                return;
            }
            var member = members.GetValueOrDefault(jid) ?? new NodeMember(jid, NodeAffiliation.None);
            if (Names.AffiliationOf(element["affiliation"]) is { } affiliation and not (NodeAffiliation.None or NodeAffiliation.Owner)
                && jid.IsBare)
            {
                members[jid] = member with { Affiliation = affiliation };
            }
            else if (Names.SubscriptionOf(element["subscription"]) is { } subscription and not NodeSubscription.None)
            {
                members[jid] = member with { Subscription = subscription };
            }
        }
    }

    /// <summary>A node of which a document says nothing but what is in it.</summary>
    public static StoredNode Default(Jid account, string name) =>
        Of(account, name, NodeCreation.DefaultOf(account, name) with { MaxItems = null }, []);

    private static StoredNode Of(Jid account, string name, NodeConfiguration configuration, IReadOnlyList<NodeMember> members) => new(
        account, name, DateTimeOffset.UnixEpoch, NodeFields.Write(configuration), members);
}
