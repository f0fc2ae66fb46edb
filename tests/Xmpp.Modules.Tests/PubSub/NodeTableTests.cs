using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>Who may what, each access model × affiliation × operation of <c>docs/pubsub.md</c>, at a service and at an account.</summary>
public sealed class NodeTableTests
{
    private const string Node = "musings";

    private static readonly string[] _operations =
        ["subscribe", "retrieve", "told", "publish", "retract others'", "retract own", "purge", "configure", "delete"];

    public static IEnumerable<TheoryDataRow<string, bool>> Models() =>
        from model in PubSubTables.Under("Access models").Select(row => row[0]).Distinct()
        from isPersonal in (bool[])[false, true]
        select new TheoryDataRow<string, bool>(model, isPersonal);

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Everybody_may_what_the_table_says(string model, bool isPersonal)
    {
        await using var server = await StartAsync();
        await server.StoreAsync(
            "hamlet", Contact("watcher", SubscriptionState.From), Contact("friend", SubscriptionState.None, "Friends"),
            Contact("outcast", SubscriptionState.Both, "Friends"));
        var trial = new Trial(await server.LoginAsync("hamlet", "elsinore"), isPersonal ? "hamlet@localhost" : Service, model);
        var byAffiliation = PubSubTables.Under("Affiliations").ToDictionary(row => row[0], row => row[1..]);
        var byAccess = PubSubTables.Under("Access models").Where(row => row[0] == model).ToDictionary(row => row[1], row => row[2..]);

        foreach (var name in (string[])["publisher", "publish-only", "member", "outcast", "stranger", "watcher", "friend", "owner"])
        {
            var client = name == "owner" ? trial.Owner : await server.LoginAsync(name, "r");
            var affiliation = byAccess.ContainsKey(name) ? "none" : name;
            var cells = byAffiliation[affiliation];
            for (var i = 0; i < cells.Length; i++)
            {
                await trial.PrepareAsync(client, affiliation);
                var expected = cells[i] == "access" ? byAccess[name][i] : cells[i];
                var told = await trial.TryAsync(client, _operations[i]);
                Assert.True(
                    expected == told || (expected == "no" && told == "forbidden"),
                    $"{name} at a node of '{model}', {_operations[i]}: {told} instead of {expected}");
            }
        }
    }

    private static RosterEntry Contact(string name, SubscriptionState subscription, params string[] groups) =>
        RosterTesting.Item(name, subscription) with { Groups = groups };

    private sealed class Trial(TestClient owner, string to, string model)
    {
        public TestClient Owner => owner;

        /// <summary>A node with an item of somebody else, and with none of a person but the affiliation.</summary>
        public async Task PrepareAsync(TestClient client, string affiliation)
        {
            await owner.AskAsync("set", to, $"<pubsub xmlns='{Ns}'><create node='{Node}'/><configure>{Form("node_config",
                ("access_model", model), ("roster_groups_allowed", "Friends"), ("max_items", "10"))}</configure></pubsub>");
            await owner.DoAsync("set", to, Publish(Node, "1"));
            if (client == owner)
                return;
            await owner.DoAsync("set", to, $"<affiliations node='{Node}'><affiliation jid='{client.Jid.Bare}' affiliation='{affiliation}'/></affiliations>", OwnerNs);
            await SubscribeAsync(client, "none");
        }

        /// <returns>"yes", "no" of what nobody answers, or the error.</returns>
        public async Task<string> TryAsync(TestClient client, string operation)
        {
            switch (operation)
            {
                case "subscribe":
                    var answer = await client.AskAsync("set", to, $"<pubsub xmlns='{Ns}'><subscribe node='{Node}' jid='{client.Jid.Bare}'/></pubsub>");
                    return answer.Child(Ns, "pubsub")?.Elements.Single()["subscription"] == "pending" ? "pending" : Told(answer);
                case "retrieve":
                    return await AskAsync(client, $"<items node='{Node}'/>", type: "get");
                case "told":
                    await SubscribeAsync(client, "subscribed");
                    await client.PassAsync();
                    await owner.DoAsync("set", to, Publish(Node, "2"));
                    return (await client.PassAsync()).Events().Contains($"{to} {Node} 2") || client == owner ? "yes" : "no";
                case "publish":
                    return await AskAsync(client, Publish(Node, "3"));
                case "retract others'":
                    return await AskAsync(client, $"<retract node='{Node}'><item id='1'/></retract>");
                case "retract own":
                    await AskAsync(client, Publish(Node, "3"));
                    return await AskAsync(client, $"<retract node='{Node}'><item id='3'/></retract>");
                case "purge":
                    return await AskAsync(client, $"<purge node='{Node}'/>", OwnerNs);
                case "configure":
                    return await AskAsync(client, $"<configure node='{Node}'>{Form("node_config", ("title", "Mine"))}</configure>", OwnerNs);
                default:
                    return await AskAsync(client, $"<delete node='{Node}'/>", OwnerNs);
            }
        }

        private async Task SubscribeAsync(TestClient client, string subscription) => await owner.DoAsync("set", to,
            $"<subscriptions node='{Node}'><subscription jid='{client.Jid.Bare}' subscription='{subscription}'/></subscriptions>", OwnerNs);

        private static string Told(Element answer) => StanzaError.Parse(answer) is { } error
            ? error.Application?.Name.Local ?? StanzaError.WireName(error.Condition) : "yes";

        private async Task<string> AskAsync(TestClient client, string content, string ns = Ns, string type = "set") =>
            Told(await client.AskAsync(type, to, $"<pubsub xmlns='{ns}'>{content}</pubsub>"));
    }
}
