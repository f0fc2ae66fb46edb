using Xmpp.Core.Storage;
using Xmpp.Modules.PubSub;
using Xunit;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>Who may what with nodes, as tables: XEP-0060 §4.1 and the errors of §6.1.3, §6.5.9, §7.1.3, §7.2.3, §8.</summary>
public sealed class NodeAccessTests
{
    private static readonly string[] Models = ["Open", "Presence", "Roster", "Authorize", "Whitelist"];

    /// <summary>Reading, for who is nobody to the owner: by affiliation, for each of the models.</summary>
    [Theory]
    [InlineData("Owner", "ok ok ok ok ok", "ok ok ok ok ok")]
    [InlineData("Publisher", "ok ok ok ok ok", "ok ok ok ok ok")]
    [InlineData("PublishOnly", "forbidden forbidden forbidden forbidden forbidden", "forbidden forbidden forbidden forbidden forbidden")]
    [InlineData("Member", "ok ok ok ok ok", "ok ok ok ok ok")]
    [InlineData(
        "None", "ok presence-subscription-required not-in-roster-group ok closed-node",
        "ok presence-subscription-required not-in-roster-group not-subscribed closed-node")]
    [InlineData("Outcast", "forbidden forbidden forbidden forbidden forbidden", "forbidden forbidden forbidden forbidden forbidden")]
    public void Who_may_subscribe_and_read(string affiliation, string subscribe, string retrieve)
    {
        Assert.Equal(subscribe, Row(NodeOperation.Subscribe, affiliation, default));
        Assert.Equal(retrieve, Row(NodeOperation.Retrieve, affiliation, default));
    }

    /// <summary>What a relation opens, to who has no affiliation; and doesn't, to an outcast.</summary>
    [Theory]
    [InlineData(true, false, false, "ok ok not-in-roster-group ok closed-node", "ok ok not-in-roster-group not-subscribed closed-node")]
    [InlineData(
        false, true, false, "ok presence-subscription-required ok ok closed-node",
        "ok presence-subscription-required ok not-subscribed closed-node")]
    [InlineData(
        false, false, true, "ok presence-subscription-required not-in-roster-group ok closed-node",
        "ok presence-subscription-required not-in-roster-group ok closed-node")]
    [InlineData(true, true, true, "ok ok ok ok closed-node", "ok ok ok ok closed-node")]
    public void What_a_relation_opens(bool seesPresence, bool isInGroup, bool isSubscribed, string subscribe, string retrieve)
    {
        var relation = new NodeRelation(seesPresence, isInGroup, isSubscribed);
        Assert.Equal(subscribe, Row(NodeOperation.Subscribe, "None", relation));
        Assert.Equal(retrieve, Row(NodeOperation.Retrieve, "None", relation));
        Assert.Equal("forbidden forbidden forbidden forbidden forbidden", Row(NodeOperation.Retrieve, "Outcast", relation));
    }

    /// <summary>Publishing, by the publish model: publishers, subscribers, open; then the same for a subscriber.</summary>
    [Theory]
    [InlineData("Owner", "ok ok ok", "ok ok ok")]
    [InlineData("Publisher", "ok ok ok", "ok ok ok")]
    [InlineData("PublishOnly", "ok ok ok", "ok ok ok")]
    [InlineData("Member", "forbidden forbidden ok", "forbidden ok ok")]
    [InlineData("None", "forbidden forbidden ok", "forbidden ok ok")]
    [InlineData("Outcast", "forbidden forbidden forbidden", "forbidden forbidden forbidden")]
    public void Who_may_publish(string affiliation, string stranger, string subscriber)
    {
        foreach (var access in Enum.GetValues<AccessModel>())
        {
            Assert.Equal(stranger, Models(default));
            Assert.Equal(subscriber, Models(new(false, false, IsSubscribed: true)));

            string Models(NodeRelation relation) => string.Join(' ', Enum.GetValues<PublishModel>().Select(model =>
                Text(NodeAccess.Check(NodeOperation.Publish, access, model, Enum.Parse<NodeAffiliation>(affiliation), relation))));
        }
    }

    [Theory]
    [InlineData("Owner", "ok", "ok")]
    [InlineData("Publisher", "ok", "forbidden")]
    [InlineData("PublishOnly", "forbidden", "forbidden")]
    [InlineData("Member", "forbidden", "forbidden")]
    [InlineData("None", "forbidden", "forbidden")]
    [InlineData("Outcast", "forbidden", "forbidden")]
    public void Who_may_take_items_away_and_own(string affiliation, string retract, string own)
    {
        foreach (var access in Enum.GetValues<AccessModel>())
        {
            var relation = new NodeRelation(true, true, true);
            var is_ = Enum.Parse<NodeAffiliation>(affiliation);
            Assert.Equal(retract, Text(NodeAccess.Check(NodeOperation.Retract, access, PublishModel.Open, is_, relation)));
            Assert.Equal(own, Text(NodeAccess.Check(NodeOperation.Own, access, PublishModel.Open, is_, relation)));
        }
    }

    private static string Row(NodeOperation operation, string affiliation, NodeRelation relation) => string.Join(' ', Models.Select(model => Text(
        NodeAccess.Check(operation, Enum.Parse<AccessModel>(model), PublishModel.Publishers, Enum.Parse<NodeAffiliation>(affiliation), relation))));

    private static string Text(Core.Stanzas.StanzaError? error) => error is null
        ? "ok"
        : error.Application?.Name.Local ?? Core.Stanzas.StanzaError.WireName(error.Condition);
}
