using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class PubSubCommandsTests : CtlFixture
{
    private const string Service = "pubsub.localhost";

    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task Nodes_are_listed_shown_and_deleted()
    {
        await FillAsync();

        var listed = await JsonAsync("pubsub", "list", Service);
        Assert.Equal([("musings", "Musings", "open", 3)], listed.AsArray().Select(node =>
            ((string)node!["node"]!, (string)node["title"]!, (string)node["access"]!, (int)node["items"]!)));
        var shown = await JsonAsync("pubsub", "show", Service, "musings");
        Assert.Equal([("romeo@localhost", "owner")], shown["affiliations"]!.AsArray().Select(one =>
            ((string)one!["jid"]!, (string)one["affiliation"]!)));
        Assert.Contains("title=Musings", shown["configuration"]!.AsArray().Select(field => (string)field!));
        Assert.Equal(1, (int)shown["subscriptions"]!);
        Assert.Equal(ExitCode.Ok, await RunAsync("pubsub", "show", Service, "musings"));
        Assert.Equal(ExitCode.Failed, await RunAsync("pubsub", "show", Service, "other"));
        Assert.Equal($"{Service} has no node other.\n", Complaints);

        Assert.Equal(ExitCode.Ok, await RunAsync("pubsub", "delete", Service, "musings", "--yes"));
        Assert.Equal(ExitCode.Failed, await RunAsync("pubsub", "delete", Service, "musings", "--yes"));
        Assert.Empty((await JsonAsync("pubsub", "list", Service)).AsArray());
    }

    [Fact]
    public async Task Items_and_subscriptions_are_listed()
    {
        await FillAsync();

        var items = (await JsonAsync("pubsub", "items", Service, "musings", "--count", "2")).AsArray();
        Assert.Equal(["2", "1"], items.Select(item => (string)item!["id"]!));
        Assert.Equal("{urn:a}a", (string)items[0]!["payload"]!);
        Assert.Equal(
            [("musings", "juliet@localhost", "subscribed")],
            (await JsonAsync("pubsub", "subscriptions", Service)).AsArray().Select(one =>
                ((string)one!["node"]!, (string)one["jid"]!, (string)one["subscription"]!)));
        Assert.Empty((await JsonAsync("pubsub", "subscriptions", Service, "other")).AsArray());
    }

    private async Task FillAsync()
    {
        StartServer();
        var (store, owner) = (Server!.Store.PubSub, Jid.Parse(Service));
        await store.AddAsync(
            new(owner, "musings", DateTimeOffset.UnixEpoch, new Dictionary<string, string> { ["pubsub#title"] = "Musings" },
                [new(Romeo, NodeAffiliation.Owner), new(Juliet, NodeAffiliation.None, NodeSubscription.Subscribed)]), 10,
            [.. Enumerable.Range(0, 3).Select(i => new StoredItem(
                $"{i}", SortableId.New(DateTimeOffset.UnixEpoch.AddSeconds(i)), Romeo, "<a xmlns='urn:a'/>"u8.ToArray()))], Cancellation);
    }
}
