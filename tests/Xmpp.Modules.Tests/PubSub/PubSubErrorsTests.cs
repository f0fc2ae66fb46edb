using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>XEP-0060: every error of the use cases, as <c>docs/pubsub.md</c> lists them.</summary>
public sealed class PubSubErrorsTests
{
    private const string AnEmptyResult = "an empty result";

    [Fact]
    public async Task Each_error_is_the_one_that_the_text_names()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Administrators = ["hamlet@localhost"],
            Modules = options.Modules with
            {
                PubSub = options.Modules.PubSub with
                {
                    Creators = NodeCreators.Administrators,
                    NodesPerService = 10,
                    SubscriptionsPerPerson = 2,
                    PageItems = 2,
                },
            },
        });
        var people = new Dictionary<string, TestClient>();
        foreach (var name in (string[])["hamlet", "francisco", "laertes", "claudius", "horatio", "bernardo"])
            people[name] = await server.ConnectAsync(name, "elsinore");
        await PrepareAsync(people);

        foreach (var row in PubSubTables.Under("Errors").Where(row => row[3].Length > 0))
        {
            var answer = await AskAsync(people[row[3]], row[4]);
            var told = answer["type"] == "error" ? Text(StanzaError.Parse(answer)!)
                : answer.Child(Ns, "pubsub")!.Elements.Single().Elements.Any() ? "a result" : AnEmptyResult;
            Assert.True(row[2] == told, $"§{row[0]} {row[1]}: {answer}");
        }
    }

    /// <summary>The pubsub-specific conditions are those of the schema (§17.2), with one that it has forgotten, and each is in the table.</summary>
    [Fact]
    public void Each_condition_of_the_schema_is_in_the_table()
    {
        string[] conditions =
        [
            "closed-node", "configuration-required", "invalid-jid", "invalid-options", "invalid-payload", "invalid-subid", "item-forbidden",
            "item-required", "jid-required", "max-items-exceeded", "max-nodes-exceeded", "node-full", "nodeid-required",
            "not-in-roster-group", "not-subscribed", "payload-required", "payload-too-big", "pending-subscription", "precondition-not-met",
            "presence-subscription-required", "subid-required", "too-many-subscriptions", "unsupported", "unsupported-access-model",
        ];
        // "auth: not-authorized not-subscribed", or without a type where it can't happen.
        var listed = PubSubTables.Under("Errors").Where(row => row[2] != AnEmptyResult)
            .Select(row => row[2].Split(": ")[^1].Split(' ')).Where(words => words.Length > 1).Select(words => words[1]);
        Assert.Equal(conditions, listed.Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>§8.8.2.4, §8.9.2.4: what can be done is; what can't comes back as it remains.</summary>
    [Fact]
    public async Task Of_several_changes_those_that_can_not_be_come_back_and_the_others_are_done()
    {
        await using var server = await StartAsync();
        var hamlet = await server.ConnectAsync("hamlet", "elsinore");
        await hamlet.CreateAsync(Service, Musings);
        await SetAsync("affiliations", Affiliation("bard", "publisher") + Affiliation("polonius", "member"), null);

        await SetAsync(
            "affiliations",
            Affiliation("hamlet", "none") + Affiliation("polonius", "none") + Affiliation("bard", "member") + Affiliation("yorick", "king"),
            Affiliation("hamlet", "owner") + Affiliation("bard", "publisher") + Affiliation("yorick", "none"));
        Assert.Equal("hamlet owner, bard publisher", await ListAsync("affiliations", "affiliation"));
        // Who resigns leaves the node to somebody, whichever is named first.
        await SetAsync(
            "affiliations", Affiliation("hamlet", "member") + Affiliation("horatio", "owner"), Affiliation("hamlet", "owner"));
        await SetAsync(
            "subscriptions",
            Subscription("bard", "subscribed") + Subscription("hamlet", "enchanted") + "<subscription jid='@' subscription='subscribed'/>",
            Subscription("hamlet", "none") + "<subscription jid='@' subscription='none'/>");
        Assert.Equal("bard subscribed", await ListAsync("subscriptions", "subscription"));
        await SetAsync("affiliations", Affiliation("hamlet", "none") + Affiliation("laertes", "owner"), null);

        async Task SetAsync(string action, string wishes, string? refused)
        {
            var answer = await hamlet.AskAsync("set", Service, $"<pubsub xmlns='{OwnerNs}'><{action} node='{Musings}'>{wishes}</{action}></pubsub>");
            Assert.Equal(refused is null ? null : "modify: not-acceptable", StanzaError.Parse(answer) is { } error ? Text(error) : null);
            if (refused is not null)
                Assert.Equal(Element.Parse($"<{action} xmlns='{OwnerNs}' node='{Musings}'>{refused}</{action}>"), answer.Child(OwnerNs, "pubsub")!.Elements.Single());
        }

        async Task<string> ListAsync(string action, string value) => string.Join(", ",
            (await hamlet.DoAsync("get", Service, $"<{action} node='{Musings}'/>", OwnerNs))!.Elements
                .Select(one => $"{one["jid"]!.Split('@')[0]} {one[value]}").OrderByDescending(text => text, StringComparer.Ordinal));
    }

    private static async Task PrepareAsync(Dictionary<string, TestClient> people)
    {
        var hamlet = people["hamlet"];
        await hamlet.CreateAsync(Service, "musings");
        await hamlet.CreateAsync(Service, "signal", ("persist_items", "0"), ("deliver_payloads", "0"));
        await hamlet.CreateAsync(Service, "transient", ("persist_items", "0"));
        await hamlet.CreateAsync(Service, "full", ("max_items", "1"), ("publish_node_full", "reject"));
        await hamlet.CreateAsync(Service, "small", ("max_payload_size", "20"));
        await hamlet.CreateAsync(Service, "closed", ("subscribe", "0"));
        await hamlet.CreateAsync(Service, "approval", ("access_model", "authorize"));
        foreach (var model in (string[])["presence", "roster", "whitelist"])
            await hamlet.CreateAsync(Service, model, ("access_model", model));
        await hamlet.DoAsync("set", Service, Publish("musings", "1"));
        await hamlet.DoAsync("set", Service, Publish("full", "1"));
        await hamlet.DoAsync("set", Service, Publish("full", "1")); // Again is another thing.
        await hamlet.DoAsync("set", Service, $"<affiliations node='musings'>{Affiliation("laertes", "publisher")}{Affiliation("claudius", "outcast")}</affiliations>", OwnerNs);
        foreach (var resource in (string[])["1", "2"])
            await people["horatio"].DoAsync("set", Service, $"<subscribe node='musings' jid='horatio@localhost/{resource}'/>");
        await people["bernardo"].DoAsync("set", Service, "<subscribe node='approval' jid='bernardo@localhost'/>");
    }

    /// <param name="request">"owner set &lt;configure/&gt;", "get &lt;items/&gt;", or a whole payload.</param>
    private static Task<Element> AskAsync(TestClient client, string request)
    {
        var (ns, rest) = request.StartsWith("owner ", StringComparison.Ordinal) ? (OwnerNs, request["owner ".Length..]) : (Ns, request);
        var (type, content) = (rest[..3], rest[4..]);
        return client.AskAsync(
            type, Service, content.StartsWith("<command", StringComparison.Ordinal) ? content : $"<pubsub xmlns='{ns}'>{content}</pubsub>");
    }

    private static string Text(StanzaError error) => $"{StanzaError.WireName(error.Type)}: {StanzaError.WireName(error.Condition)}" +
        (error.Application is { } own ? $" {own.Name.Local}{(own["feature"] is { } feature ? $" {feature}" : "")}" : "");

    private static string Affiliation(string name, string affiliation) => $"<affiliation jid='{name}@localhost' affiliation='{affiliation}'/>";

    private static string Subscription(string name, string subscription) =>
        $"<subscription jid='{name}@localhost' subscription='{subscription}'/>";
}
