using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IPubSubStore"/> promises, for every store that implements it.</summary>
public abstract class PubSubStoreContract(TestDatabase database) : StoreContract(database)
{
    private const string Node = "princely_musings";

    private static readonly Jid Service = Jid.Parse("pubsub.shakespeare.example");
    private static readonly Jid Bernardo = Jid.Parse("bernardo@denmark.example");
    private static readonly Dictionary<string, string> Plain = [];

    public static TheoryData<string> Owners { get; } = ["juliet@capulet.example", "pubsub.shakespeare.example"];

    private IPubSubStore PubSub => Store.PubSub;

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task A_node_is_found_as_it_was_added(string owner)
    {
        await AddAccountsAsync(Juliet);
        var node = new StoredNode(
            Jid.Parse(owner), "é'\"$.\U0001F339", Created,
            new Dictionary<string, string> { ["pubsub#title"] = "é\n\0'\";--\U0001F339", ["$set.a.b"] = "", [""] = "{}" },
            [
                new(Romeo, NodeAffiliation.Owner),
                new(Romeo.WithResource("orchard"), NodeAffiliation.None, NodeSubscription.Subscribed)
                {
                    Options = new Dictionary<string, string> { ["pubsub#deliver"] = "1" },
                },
                new(LongJid.Bare, NodeAffiliation.Outcast, NodeSubscription.Pending),
                new(Service, NodeAffiliation.PublishOnly),
            ]);
        Assert.Null(await FindAsync(node.Owner, node.Name));

        Assert.Equal(NodeOutcome.Added, await AddAsync(node));

        AssertSame(node, await FindAsync(node.Owner, node.Name));
        AssertSame(node, Assert.Single(await PubSub.FindAllAsync(node.Owner, 10, CancellationToken.None)));
        await ReopenAsync();
        AssertSame(node, await FindAsync(node.Owner, node.Name));
        Assert.Null(await FindAsync(node.Owner, "other"));
        Assert.Null(await FindAsync(Romeo, node.Name));
        Assert.Null(await FindAsync(Jid.Parse("other.example"), node.Name));
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task A_node_has_the_items_that_it_was_added_with(string owner)
    {
        await AddAccountsAsync(Juliet);
        var node = NewNode(Jid.Parse(owner), Node, new NodeMember(Romeo, NodeAffiliation.Owner));
        StoredItem[] items = [Item("b", 1), Item("a", 2), Item("b", 3)];
        Assert.Equal(NodeOutcome.Added, await PubSub.AddAsync(node, 1, items, CancellationToken.None));
        Assert.Equal(NodeOutcome.Exists, await PubSub.AddAsync(node, 1, [Item("c", 4)], CancellationToken.None));
        Assert.Equal(NodeOutcome.TooMany, await PubSub.AddAsync(node with { Name = "other" }, 1, [Item("c", 4)], CancellationToken.None));

        await ReopenAsync();
        AssertSame(node, await FindAsync(node.Owner, Node));
        var found = await PubSub.ReadItemsAsync(node.Owner, Node, new(), 10, CancellationToken.None);
        Assert.Equal(["a", "b"], found.Select(item => item.Id));
        Assert.Equal(2, await PubSub.CountItemsAsync(node.Owner, Node, 10, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task There_is_one_node_of_a_name_and_no_more_than_may_be(string owner)
    {
        await AddAccountsAsync(Juliet);
        var jid = Jid.Parse(owner);
        var outcomes = await AtOnceAsync(_ => AddAsync(NewNode(jid, "one"), limit: 3));
        Assert.Single(outcomes, NodeOutcome.Added);
        Assert.Equal(Callers - 1, outcomes.Count(outcome => outcome == NodeOutcome.Exists));

        var others = await AtOnceAsync(i => AddAsync(NewNode(jid, $"node{i}"), limit: 3));
        Assert.Equal(2, others.Count(outcome => outcome == NodeOutcome.Added));
        Assert.Equal(Callers - 2, others.Count(outcome => outcome == NodeOutcome.TooMany));
        Assert.Equal(3, await PubSub.CountAsync(jid, CancellationToken.None));
        Assert.Equal(NodeOutcome.NoOwner, await AddAsync(NewNode(Nobody, "one")));
        Assert.Equal(0, await PubSub.CountAsync(Nobody, CancellationToken.None));
    }

    [Fact]
    public async Task A_change_replaces_what_it_names_and_leaves_the_rest()
    {
        await AddAsync(NewNode(Service, Node, new NodeMember(Bernardo, NodeAffiliation.Owner), new NodeMember(Romeo, NodeAffiliation.Member)));
        var settings = new Dictionary<string, string> { ["pubsub#access_model"] = "open" };

        Assert.True(await ApplyAsync(Node, new() { Settings = settings }));
        Assert.True(await ApplyAsync(Node, new() { Saved = [new(Romeo, NodeAffiliation.None, NodeSubscription.Subscribed)] }));
        Assert.True(await ApplyAsync(Node, new() { Deleted = [Juliet] }));
        Assert.True(await ApplyAsync(Node, new()));
        await ReopenAsync();
        AssertSame(
            NewNode(Service, Node, new NodeMember(Bernardo, NodeAffiliation.Owner), new NodeMember(Romeo, NodeAffiliation.None, NodeSubscription.Subscribed))
                with
            { Settings = settings },
            await FindAsync(Service, Node));

        Assert.True(await ApplyAsync(Node, new() { Settings = Plain, Saved = [new(Juliet, NodeAffiliation.Publisher)], Deleted = [Romeo, Bernardo] }));
        AssertSame(NewNode(Service, Node, new NodeMember(Juliet, NodeAffiliation.Publisher)), await FindAsync(Service, Node));
        Assert.False(await ApplyAsync("other", new() { Settings = settings }));
        Assert.False(await ApplyAsync("other", new() { Saved = [new(Juliet, NodeAffiliation.Owner)] }));
    }

    [Fact]
    public async Task A_change_is_seen_whole_or_not_at_all()
    {
        await AddAsync(NewNode(Service, Node, new NodeMember(Bernardo, NodeAffiliation.Owner)));
        var changes = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await ApplyAsync(Node, new() { Saved = [new(Romeo, NodeAffiliation.Owner)], Deleted = [Bernardo] });
                await ApplyAsync(Node, new() { Saved = [new(Bernardo, NodeAffiliation.Owner)], Deleted = [Romeo] });
            }
        }, TestContext.Current.CancellationToken);
        do
            Assert.Single((await FindAsync(Service, Node))!.Members);
        while (!changes.IsCompleted);

        await changes;
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task Nodes_are_listed_in_pages(string owner)
    {
        await AddAccountsAsync(Juliet, Romeo);
        var jid = Jid.Parse(owner);
        string[] names = ["", "a", "b", "b1", "é", "\uFF5E", "\U0001F339"];
        foreach (var name in names[1..].Reverse())
            await AddAsync(NewNode(jid, name));
        await AddAsync(NewNode(Romeo, "c"));
        await AddAsync(NewNode(Jid.Parse("other.example"), "c"));

        Assert.Equal(names[1..], await ListAsync(new(), 10));
        Assert.Equal(["a", "b"], await ListAsync(new(), 2));
        Assert.Equal(["b1", "é"], await ListAsync(new(After: "b"), 2));
        Assert.Equal(["\uFF5E", "\U0001F339"], await ListAsync(new(IsFromEnd: true), 2));
        Assert.Equal(["b", "b1"], await ListAsync(new(Before: "é", IsFromEnd: true), 2));
        Assert.Equal(["b1"], await ListAsync(new(After: "b", Before: "é"), 9));
        Assert.Empty(await ListAsync(new(), 0));
        Assert.Empty(await PubSub.ListAsync(Nobody, new(), 10, CancellationToken.None));
        Assert.Equal(6, await PubSub.CountAsync(jid, CancellationToken.None));

        async Task<IEnumerable<string>> ListAsync(NodeQuery query, int count) =>
            (await PubSub.ListAsync(jid, query, count, CancellationToken.None)).Select(node => node.Name);
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task What_nodes_keep_of_somebody_is_listed(string owner)
    {
        await AddAccountsAsync(Juliet);
        var jid = Jid.Parse(owner);
        var subscribed = new NodeMember(Romeo.WithResource("orchard"), NodeAffiliation.None, NodeSubscription.Subscribed);
        var member = new NodeMember(Romeo, NodeAffiliation.Member);
        await AddAsync(NewNode(jid, "b", subscribed, member, new NodeMember(Bernardo, NodeAffiliation.Owner)));
        await AddAsync(NewNode(jid, "a", member));
        await AddAsync(NewNode(Jid.Parse("other.example"), "a", member));

        var of = await PubSub.ListOfAsync(jid, Romeo, CancellationToken.None);

        Assert.Equal(["a", "b", "b"], of.Select(one => one.Node));
        Assert.Equal([Romeo, Romeo, subscribed.Jid], of.Select(one => one.Member.Jid));
        Assert.Equal([NodeSubscription.None, NodeSubscription.None, NodeSubscription.Subscribed], of.Select(one => one.Member.Subscription));
        Assert.Empty(await PubSub.ListOfAsync(jid, Nobody, CancellationToken.None));
        Assert.Empty(await PubSub.ListOfAsync(Nobody, Romeo, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task Items_are_read_in_the_order_in_which_they_were_published_last(string owner)
    {
        await AddAccountsAsync(Juliet);
        var jid = Jid.Parse(owner);
        await AddAsync(NewNode(jid, Node));
        var all = Enumerable.Range(1, 6).Select(i => Item($"item{i}", i)).ToArray();
        foreach (var item in all)
            Assert.True(await PublishAsync(jid, item));
        var changed = Item("item2", 7) with { Publisher = Romeo.WithResource("orchard"), Payload = Octets("<a xmlns='b'>\U0001F339</a>") };
        Assert.True(await PublishAsync(jid, changed));
        await ReopenAsync();

        Assert.Equal(["item1", "item3", "item4", "item5", "item6", "item2"], await IdsAsync(new(), 10));
        Assert.Equal(["item1", "item3"], await IdsAsync(new(), 2));
        Assert.Equal(["item4", "item5"], await IdsAsync(new(After: all[2].Position), 2));
        Assert.Equal(["item6", "item2"], await IdsAsync(new(IsFromEnd: true), 2));
        Assert.Equal(["item4", "item5"], await IdsAsync(new(Before: all[5].Position, IsFromEnd: true), 2));
        Assert.Equal(["item4"], await IdsAsync(new(After: all[2].Position, Before: all[4].Position), 9));
        Assert.Empty(await IdsAsync(new(), 0));
        Assert.Equal(6, await PubSub.CountItemsAsync(jid, Node, 100, CancellationToken.None));
        var found = await PubSub.FindItemsAsync(jid, Node, ["item2", "item2", "nothing", "item1"], CancellationToken.None);
        Assert.Equal(2, found.Count);
        AssertSame(changed, found.Single(item => item.Id == "item2"));
        AssertSame(all[0], found.Single(item => item.Id == "item1"));

        Assert.False(await PubSub.PublishAsync(jid, "other", [all[0]], 9, CancellationToken.None));
        Assert.Empty(await PubSub.ReadItemsAsync(jid, "other", new(), 9, CancellationToken.None));
        Assert.Empty(await PubSub.FindItemsAsync(Nobody, Node, ["item1"], CancellationToken.None));
        Assert.Equal(0, await PubSub.CountItemsAsync(jid, "other", 9, CancellationToken.None));

        async Task<IEnumerable<string>> IdsAsync(ItemQuery query, int count) =>
            (await PubSub.ReadItemsAsync(jid, Node, query, count, CancellationToken.None)).Select(item => item.Id);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task No_more_items_remain_than_are_to_be_kept(int keep)
    {
        await AddAsync(NewNode(Service, Node));
        await PublishAsync(Service, [.. Enumerable.Range(1, 10).Select(i => Item($"item{i}", i))]);

        for (var i = 11; i < 20; i++)
            Assert.True(await PubSub.PublishAsync(Service, Node, [Item($"item{i % 12}", i)], keep, CancellationToken.None));

        var left = await PubSub.ReadItemsAsync(Service, Node, new(), 99, CancellationToken.None);
        Assert.Equal(Enumerable.Range(20 - keep, keep).Select(i => $"item{i % 12}"), left.Select(item => item.Id));
        Assert.Equal(keep, await PubSub.CountItemsAsync(Service, Node, 100, CancellationToken.None));
    }

    [Fact]
    public async Task Many_publish_at_once_and_nothing_is_lost()
    {
        await AddAsync(NewNode(Service, Node));
        Assert.All(await AtOnceAsync(i => PublishAsync(Service, Item($"item{i}", i + 1))), Assert.True);

        Assert.Equal(Callers, (await PubSub.ReadItemsAsync(Service, Node, new(), 99, CancellationToken.None)).Count);
        Assert.Equal(Callers, await PubSub.CountItemsAsync(Service, Node, 100, CancellationToken.None));
    }

    [Fact]
    public async Task Items_are_taken_away_by_id_and_up_to_a_position()
    {
        await AddAsync(NewNode(Service, Node));
        await PublishAsync(Service, [.. Enumerable.Range(1, 1100).Select(i => Item($"item{i}", i))]);

        Assert.Equal(2, await PubSub.RetractAsync(Service, Node, ["item1", "item1100", "nothing"], CancellationToken.None));
        Assert.Equal(0, await PubSub.RetractAsync(Service, Node, ["item1"], CancellationToken.None));
        Assert.Equal(0, await PubSub.RetractAsync(Service, "other", ["item2"], CancellationToken.None));
        Assert.Equal(1098, await PubSub.CountItemsAsync(Service, Node, 2000, CancellationToken.None));

        await PubSub.RemoveItemsAsync(Service, Node, new(1090), CancellationToken.None);
        var left = await PubSub.ReadItemsAsync(Service, Node, new(), 99, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1091, 9).Select(i => $"item{i}"), left.Select(item => item.Id));
        Assert.Equal(9, await PubSub.CountItemsAsync(Service, Node, 100, CancellationToken.None));
        await PubSub.RemoveItemsAsync(Service, Node, new(UInt128.MaxValue), CancellationToken.None);
        Assert.Empty(await PubSub.ReadItemsAsync(Service, Node, new(), 99, CancellationToken.None));
        await PubSub.RemoveItemsAsync(Service, "other", new(1), CancellationToken.None);
    }

    [Theory]
    [MemberData(nameof(Owners))]
    public async Task A_node_goes_with_all_it_has(string owner)
    {
        await AddAccountsAsync(Juliet);
        var jid = Jid.Parse(owner);
        await AddAsync(NewNode(jid, Node, new NodeMember(Bernardo, NodeAffiliation.Owner)));
        await PublishAsync(jid, [.. Enumerable.Range(1, 600).Select(i => Item($"item{i}", i))]);
        await AddAsync(NewNode(jid, "other"));

        Assert.True(await PubSub.RemoveAsync(jid, Node, CancellationToken.None));
        Assert.False(await PubSub.RemoveAsync(jid, Node, CancellationToken.None));

        Assert.Null(await FindAsync(jid, Node));
        Assert.False(await PublishAsync(jid, Item("late", 9)));
        Assert.Equal(1, await PubSub.CountAsync(jid, CancellationToken.None));
        await AddAsync(NewNode(jid, Node));
        AssertSame(NewNode(jid, Node), await FindAsync(jid, Node));
        Assert.Empty(await PubSub.ReadItemsAsync(jid, Node, new(), 9, CancellationToken.None));
        Assert.Equal((2, 0, 0), await CountAllAsync());
    }

    [Fact]
    public async Task An_account_takes_its_nodes_along()
    {
        await AddAccountsAsync(Juliet, Romeo);
        foreach (var jid in (Jid[])[Juliet, Romeo])
        {
            await AddAsync(NewNode(jid, Node, new NodeMember(Bernardo, NodeAffiliation.Publisher)));
            await PublishAsync(jid, Item("current", 1), Item("other", 2));
        }

        await RenewAccountAsync(Juliet);

        Assert.Null(await FindAsync(Juliet, Node));
        Assert.Empty(await PubSub.ListOfAsync(Juliet, Bernardo, CancellationToken.None));
        await AddAsync(NewNode(Juliet, Node));
        Assert.Empty(await PubSub.ReadItemsAsync(Juliet, Node, new(), 9, CancellationToken.None));
        Assert.Equal((2, 1, 2), await CountAllAsync());
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        await AddAsync(NewNode(Juliet, Node));
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(PubSub.AddAsync(NewNode(Juliet, "a"), 9, [Item("a", 1)], cancelled).AsTask());
        await AssertCancelledAsync(PubSub.ApplyAsync(Juliet, Node, new() { Settings = new Dictionary<string, string> { ["a"] = "" } }, cancelled).AsTask());
        await AssertCancelledAsync(PubSub.PublishAsync(Juliet, Node, [Item("a", 1)], 9, cancelled).AsTask());
        await AssertCancelledAsync(PubSub.RetractAsync(Juliet, Node, ["a"], cancelled).AsTask());
        await AssertCancelledAsync(PubSub.RemoveAsync(Juliet, Node, cancelled).AsTask());
        await AssertCancelledAsync(PubSub.FindAsync(Juliet, Node, cancelled).AsTask());
        await AssertCancelledAsync(PubSub.ReadItemsAsync(Juliet, Node, new(), 1, cancelled).AsTask());

        AssertSame(NewNode(Juliet, Node), await FindAsync(Juliet, Node));
        Assert.Equal((1, 0, 0), await CountAllAsync());
    }

    [Fact]
    public async Task Who_is_neither_an_account_nor_a_service_has_no_nodes()
    {
        var full = Juliet.WithResource("balcony");
        await Assert.ThrowsAsync<ArgumentException>(async () => await FindAsync(full, Node));
        await Assert.ThrowsAsync<ArgumentException>(async () => await AddAsync(NewNode(full, Node)));
    }

    private ValueTask<StoredNode?> FindAsync(Jid owner, string node) => PubSub.FindAsync(owner, node, CancellationToken.None);

    private ValueTask<NodeOutcome> AddAsync(StoredNode node, int limit = 100) => PubSub.AddAsync(node, limit, [], CancellationToken.None);

    private ValueTask<bool> ApplyAsync(string node, NodeChange change) => PubSub.ApplyAsync(Service, node, change, CancellationToken.None);

    private ValueTask<bool> PublishAsync(Jid owner, params StoredItem[] items) =>
        PubSub.PublishAsync(owner, Node, items, 10_000, CancellationToken.None);

    private async Task<(long, long, long)> CountAllAsync()
    {
        var counts = await Store.Transfer.CountAsync(Created, CancellationToken.None);
        return (counts[RecordKind.Node], counts[RecordKind.NodeMember], counts[RecordKind.NodeItem]);
    }

    private static StoredNode NewNode(Jid owner, string name, params NodeMember[] members) => new(owner, name, Created, Plain, members);

    private static StoredItem Item(string id, int position) =>
        new(id, new SortableId((UInt128)position), Publisher: null, Octets($"<entry xmlns='http://www.w3.org/2005/Atom'>{id}</entry>"));

    private static ReadOnlyMemory<byte> Octets(string text) => Encoding.UTF8.GetBytes(text);

    private static void AssertSame(StoredItem expected, StoredItem found)
    {
        Assert.Equal(expected with { Payload = default }, found with { Payload = default });
        Assert.Equal(expected.Payload.ToArray(), found.Payload.ToArray());
    }

    private static void AssertSame(StoredNode expected, StoredNode? found)
    {
        Assert.NotNull(found);
        Assert.Equal((expected.Owner, expected.Name, expected.Created), (found.Owner, found.Name, found.Created));
        Assert.Equal(expected.Settings, found.Settings);
        Assert.Equal(Texts(expected.Members), Texts(found.Members));
    }

    private static IEnumerable<string> Texts(IEnumerable<NodeMember> members) => members
        .Select(member => $"{member.Jid} {member.Affiliation} {member.Subscription} " +
            string.Join(';', member.Options.OrderBy(option => option.Key, StringComparer.Ordinal)))
        .Order(StringComparer.Ordinal);
}
