using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IStoreTransfer"/> promises, for every store that implements it.</summary>
public abstract class StoreTransferContract(TestDatabase database) : StoreContract(database)
{
    private static readonly DateTimeOffset Later = Created.AddYears(1);

    private IStoreTransfer Transfer => Store.Transfer;

    [Fact]
    public async Task An_account_is_restored_exactly()
    {
        var account = new Account(
            Juliet, [new("SHA-256", Octets("salt"), 4096, Octets("stored"), Octets("server")), new("SHA-1", Octets(""), 1, Octets(""), Octets(""))],
            Enabled: false, Created, LastLogin: Created.AddDays(1));
        RosterEntry[] entries =
        [
            new(Romeo)
            {
                IsListed = true, Subscription = SubscriptionState.To, IsAsking = true, IsApproved = true,
                Name = "Romeo \U0001F339", Groups = ["Friends", "é"], Version = 17,
            },
            new(Nobody) { Request = Element.Parse("<presence type='subscribe' from='nobody@capulet.example'><nick xmlns='n'>N</nick></presence>") },
        ];
        await RestoreAsync(
            new AccountRecord(account, RosterVersion: 20, RosterFloor: 5),
            new ContactRecord(Juliet, entries[0]),
            new ContactRecord(Juliet, entries[1]),
            new RemovalRecord(Juliet, Jid.Parse("tybalt@capulet.example"), 18),
            new RemovalRecord(Juliet, Jid.Parse("paris@capulet.example"), 19),
            new BlockedRecord(Juliet, Jid.Parse("paris@capulet.example")),
            new DataRecord(Juliet, "vcard", "", Octets("<vCard/>")),
            new DataRecord(Juliet, "private", "ns", new byte[] { 0, 255 }),
            new LastSeenRecord(Juliet, new(Created.AddDays(2), Octets("<presence/>"))));

        await ReopenAsync();
        var found = await Store.Accounts.FindAsync(Juliet, CancellationToken.None);
        var roster = await Store.Rosters.LoadAsync(Juliet, CancellationToken.None);

        Assert.Equal((false, Created, Created.AddDays(1)), (found!.Enabled, found.Created, found.LastLogin));
        Assert.Equal(
            [("SHA-1", "", 1, "", ""), ("SHA-256", "salt", 4096, "stored", "server")],
            found.Keys.Select(key => (key.Hash, Text(key.Salt), key.Iterations, Text(key.StoredKey), Text(key.ServerKey))).Order());
        Assert.Equal((20, 5), (roster!.Version, roster.Floor));
        Assert.Equal(
            [(Jid.Parse("paris@capulet.example"), 19), (Jid.Parse("tybalt@capulet.example"), 18L)],
            roster.Removed.OrderBy(removal => removal.Contact.ToString()));
        foreach (var entry in entries)
            AssertEntry(entry, Assert.Single(roster.Entries, other => other.Contact == entry.Contact));
        Assert.Equal([Jid.Parse("paris@capulet.example")], await Store.BlockLists.LoadAsync(Juliet, CancellationToken.None));
        Assert.Equal("<vCard/>", Text((await Store.AccountData.FindAsync(Juliet, "vcard", "", CancellationToken.None))!.Value));
        Assert.Equal(new byte[] { 0, 255 }, (await Store.AccountData.FindAsync(Juliet, "private", "ns", CancellationToken.None))!.Value.ToArray());
        var seen = await Store.LastSeen.FindAsync(Juliet, CancellationToken.None);
        Assert.Equal((Created.AddDays(2), "<presence/>"), (seen!.At, Text(seen.Presence)));
    }

    [Fact]
    public async Task What_was_restored_is_as_good_as_what_was_made_there()
    {
        await RestoreAsync(NewAccount(Juliet, rosterVersion: 50), new ContactRecord(Juliet, new(Romeo) { IsListed = true, Version = 40 }));

        Assert.True(await Store.Rosters.ApplyAsync(Juliet, new(51) { Deleted = [Romeo] }, CancellationToken.None));
        var roster = await Store.Rosters.LoadAsync(Juliet, CancellationToken.None);
        Assert.Equal((51, (Romeo, 51L)), (roster!.Version, Assert.Single(roster.Removed)));

        await RestoreAsync(new MessageRecord(Juliet, Created, Octets("1")));
        await Store.Offline.AddAsync(Juliet, Created, Octets("2"), 10, CancellationToken.None);
        await RestoreAsync(new MessageRecord(Juliet, Created, Octets("3")));
        Assert.Equal(["1", "2", "3"], (await Store.Offline.ReadAsync(Juliet, 0, 10, CancellationToken.None)).Select(kept => Text(kept.Stanza)));

        Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));
        Assert.Equal(0, (await Transfer.CountAsync(Created, CancellationToken.None)).Total);
    }

    [Fact]
    public async Task Messages_keep_their_times_and_their_order_over_several_batches()
    {
        const int Batches = 5;
        const int Each = 700;
        await RestoreAsync(NewAccount(Juliet), NewAccount(Romeo));
        for (var batch = 0; batch < Batches; batch++)
        {
            var first = batch * Each;
            await Transfer.RestoreAsync(
                [.. Enumerable.Range(first, Each).Select(i => new MessageRecord(Juliet, Created.AddMilliseconds(-i), Octets($"{i}")))],
                CancellationToken.None);
        }

        await ReopenAsync();
        var messages = await Store.Offline.ReadAsync(Juliet, 0, int.MaxValue, CancellationToken.None);

        Assert.Equal(Enumerable.Range(0, Batches * Each).Select(i => $"{i}"), messages.Select(message => Text(message.Stanza)));
        Assert.Equal(
            Enumerable.Range(0, Batches * Each).Select(i => Created.AddMilliseconds(-i)), messages.Select(message => message.At));
        Assert.Equal(messages.Select(message => message.Id).Order().Distinct(), messages.Select(message => message.Id));
    }

    [Fact]
    public async Task An_account_that_is_there_is_not_restored()
    {
        await AddAccountsAsync(Juliet);
        await Store.Offline.AddAsync(Juliet, Created, Octets("hers"), 1, CancellationToken.None);

        await Assert.ThrowsAsync<StoreException>(
            async () => await RestoreAsync(NewAccount(Juliet), new BlockedRecord(Juliet, Romeo)));

        Assert.Empty(await Store.BlockLists.LoadAsync(Juliet, CancellationToken.None));
        Assert.Equal(1, await Store.Offline.CountAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_gets_nothing_restored()
    {
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new MessageRecord(Nobody, Created, Octets("a message"))));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new ContactRecord(Nobody, new(Romeo))));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new InvitationRecord(NewInvitation("t", Nobody, Later))));

        Assert.Equal(0, (await Transfer.CountAsync(Created, CancellationToken.None)).Total);
    }

    [Fact]
    public async Task A_part_that_comes_twice_is_refused()
    {
        await RestoreAsync(NewAccount(Juliet), new ContactRecord(Juliet, new(Romeo)), new BlockedRecord(Juliet, Romeo));

        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new ContactRecord(Juliet, new(Romeo))));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new BlockedRecord(Juliet, Romeo)));

        Assert.Single((await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!.Entries);
    }

    [Fact]
    public async Task An_archive_is_restored_exactly()
    {
        var full = Romeo.WithResource("orchard");
        ArchiveEntry[] messages =
        [
            new(Juliet, new(7), Romeo, IsIncoming: true, Octets("1"), " hark 東京 ", IsShown: true),
            new(Juliet, new(8), full, IsIncoming: false, new byte[] { 0, 255 }, null, IsShown: false),
            new(Juliet, new((UInt128)1 << 120), full, IsIncoming: true, Octets("3"), " words ", IsShown: true),
        ];
        await RestoreAsync(NewAccount(Juliet), NewAccount(Romeo), new ArchivedRecord(messages[0]), new ArchivedRecord(messages[1]));
        await RestoreAsync(new ArchivedRecord(messages[2]), new ReadMarkRecord(Juliet, Romeo, new(7)));

        foreach (var _ in (bool[])[false, true])
        {
            var page = await Store.Archive.ReadAsync(Juliet, new(), 10, false, CancellationToken.None);
            Assert.Equal(
                messages.Select(message => (message with { Stanza = default }, Text(message.Stanza))),
                page!.Messages.Select(message => (message with { Stanza = default }, Text(message.Stanza))));
            Assert.Equal(
                [new(Romeo, messages[2].Id, 1, new(7))],
                await Store.Archive.ListConversationsAsync(Juliet, null, false, 10, CancellationToken.None));
            Assert.Equal(1, await Store.Archive.CountAsync(Juliet, new() { Text = "東京" }, 10, CancellationToken.None));
            Assert.Equal(4, (await Store.Archive.CountAllAsync(Juliet.Domain, null, CancellationToken.None)).Bytes);
            await ReopenAsync();
        }

        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new ArchivedRecord(messages[0])));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new ArchivedRecord(messages[0] with { Account = Nobody })));
        await Store.Archive.AddAsync([messages[0] with { Id = new(9) }], CancellationToken.None);
        Assert.Equal(4, await Store.Archive.CountAsync(Juliet, new(), 10, CancellationToken.None));
        Assert.Equal(4, (await Transfer.CountAsync(Created, CancellationToken.None))[RecordKind.Archived]);
        Assert.True(await Store.Accounts.DeleteAsync(Juliet, CancellationToken.None));
        Assert.Equal(1, (await Transfer.CountAsync(Created, CancellationToken.None)).Total);
    }

    [Theory]
    [InlineData("juliet@capulet.example")]
    [InlineData("pubsub.example")]
    public async Task A_node_is_restored_exactly(string owner)
    {
        await AddAccountsAsync(Juliet);
        var node = NewNode(Jid.Parse(owner));
        var members = new[]
        {
            new NodeMember(Juliet, NodeAffiliation.Owner), new NodeMember(Romeo, NodeAffiliation.Outcast, NodeSubscription.Pending),
        };
        NodeMemberRecord Of(NodeMember member) => new(node.Node.Owner, "node", member);
        NodeItemRecord Item(string id, int position) => new(node.Node.Owner, "node", new(id, new((UInt128)position), Romeo, Octets(id)));
        await RestoreAsync(node, Of(members[0]), Item("b", 1));
        await RestoreAsync(Of(members[1]), Item("a", 2));

        await ReopenAsync();
        var found = await Store.PubSub.FindAsync(node.Node.Owner, "node", CancellationToken.None);
        Assert.Equal(
            members.Select(member => (member.Jid, member.Affiliation, member.Subscription)),
            found!.Members.Select(member => (member.Jid, member.Affiliation, member.Subscription)));
        var items = await Store.PubSub.ReadItemsAsync(node.Node.Owner, "node", new(), 9, CancellationToken.None);
        Assert.Equal(["b", "a"], items.Select(item => item.Id));
        Assert.Equal(["b", "a"], items.Select(item => Text(item.Payload)));
        Assert.Equal(2, await Store.PubSub.CountItemsAsync(node.Node.Owner, "node", 9, CancellationToken.None));
        Assert.Equal(
            node.Node.Owner.Local is null ? ["pubsub.example"] : [],
            (await Transfer.ReadCommonsAsync(CancellationToken.None)).NodeServices);

        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(node));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(Of(members[0])));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(Item("a", 3)));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(NewNode(Nobody)));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(Of(members[0]) with { Owner = Nobody }));
        Assert.True(await Store.PubSub.RemoveAsync(node.Node.Owner, "node", CancellationToken.None));
        Assert.Equal(1, (await Transfer.CountAsync(Created, CancellationToken.None)).Total);
    }

    [Fact]
    public async Task A_room_is_restored_exactly()
    {
        var coven = Jid.Parse("coven@chat.example");
        var room = new StoredRoom(
            coven, Created, new("A Dark Cave", IsListed: false, IsPersistent: true, new Dictionary<string, string> { ["a"] = "1" }),
            new("Toil", "firstwitch", Juliet, Created.AddDays(1)), []);
        var members = new[] { new RoomMember(Juliet, Affiliation.Owner) { Nick = "hag", Version = 3 }, new RoomMember(Romeo, Affiliation.Outcast) };
        var message = new ArchiveEntry(coven, new(7), Romeo, IsIncoming: true, Octets("1"), " hark ", IsShown: false);
        await RestoreAsync(new RoomRecord(room), new RoomMemberRecord(coven, members[0]), new RoomArchivedRecord(message));
        await RestoreAsync(new RoomMemberRecord(coven, members[1]), new RoomArchivedRecord(message with { Id = new(8) }));

        await ReopenAsync();
        var found = await Store.Rooms.FindAsync(coven, CancellationToken.None);
        Assert.Equal((coven, room.Created, room.Subject), (found!.Room, found.Created, found.Subject));
        Assert.Equal(room.Settings with { Values = found.Settings.Values }, found.Settings);
        Assert.Equal(room.Settings.Values, found.Settings.Values);
        Assert.Equal(members.ToHashSet(), found.Members.ToHashSet());
        Assert.Equal(2, await Store.Archive.CountAsync(coven, new() { Text = "hark" }, 10, CancellationToken.None));
        Assert.Equal(["chat.example"], (await Transfer.ReadCommonsAsync(CancellationToken.None)).Services);

        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new RoomRecord(room)));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new RoomMemberRecord(coven, members[0])));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new RoomArchivedRecord(message)));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new RoomMemberRecord(Juliet, members[0])));
        await Assert.ThrowsAsync<StoreException>(async () => await RestoreAsync(new RoomArchivedRecord(message with { Account = Juliet })));
        Assert.True(await Store.Rooms.RemoveAsync(coven, CancellationToken.None));
        Assert.Equal(0, (await Transfer.CountAsync(Created, CancellationToken.None)).Total);
    }

    [Fact]
    public async Task Data_of_an_account_are_read_whatever_their_kinds()
    {
        await AddAccountsAsync(Juliet, Romeo);
        (string Kind, string Key)[] keys = [("private", "b"), ("vcard", ""), ("private", "a"), ("private", "\U00010000"), ("private", "\uFFFD")];
        foreach (var (kind, key) in keys)
            await Store.AccountData.SetAsync(Juliet, kind, key, Octets(key), new(100, 1000), CancellationToken.None);
        await Store.AccountData.SetAsync(Romeo, "vcard", "", Octets("his"), new(100, 1000), CancellationToken.None);

        var data = await Transfer.ReadDataAsync(Juliet, CancellationToken.None);

        Assert.Equal(
            [("private", "a"), ("private", "b"), ("private", "\uFFFD"), ("private", "\U00010000"), ("vcard", "")],
            data.Select(value => (value.DataKind, value.Key)));
        Assert.All(data, value => Assert.Equal((Juliet, value.Key), (value.Account, Text(value.Value))));
        Assert.Empty(await Transfer.ReadDataAsync(Nobody, CancellationToken.None));
    }

    [Fact]
    public async Task What_is_no_accounts_is_read_and_restored()
    {
        await AddAccountsAsync(Romeo, Juliet);
        await RestoreAsync(
            new SettingRecord("b.example", "motd", "Hark!"), new SettingRecord("a.example", "motd", "é"), new SettingRecord("", "mark", "hidden"),
            new SecretRecord("one", new byte[] { 0, 1, 255 }), new RetiredRosterVersionRecord(77));

        await ReopenAsync();
        var commons = await Transfer.ReadCommonsAsync(CancellationToken.None);

        Assert.Equal(["capulet.example", "montague.example"], commons.Hosts);
        Assert.Equal([new("a.example", "motd", "é"), new("b.example", "motd", "Hark!")], commons.Settings);
        Assert.Equal(new byte[] { 0, 1, 255 }, Assert.Single(commons.Secrets, secret => secret.Name == "one").Value.ToArray());
        Assert.Equal(77, commons.RetiredRosterVersion);
        Assert.Equal("Hark!", await Store.Settings.FindAsync("b.example", "motd", CancellationToken.None));
        Assert.Equal("hidden", await Store.Settings.FindAsync("", "mark", CancellationToken.None));
        Assert.Equal(new byte[] { 0, 1, 255 }, await Store.GetOrCreateSecretAsync("one", 3, CancellationToken.None));

        await RestoreAsync(
            new SettingRecord("b.example", "motd", "changed"), new SecretRecord("one", new byte[] { 7 }), new RetiredRosterVersionRecord(76));
        Assert.Equal("changed", await Store.Settings.FindAsync("b.example", "motd", CancellationToken.None));
        Assert.Equal([7], await Store.GetOrCreateSecretAsync("one", 3, CancellationToken.None));
        Assert.Equal(76, (await Transfer.ReadCommonsAsync(CancellationToken.None)).RetiredRosterVersion);
    }

    [Fact]
    public async Task A_roster_made_after_the_restoring_begins_behind_those_that_are_gone()
    {
        var retired = Created.ToUnixTimeMilliseconds() + 1_000_000;
        await RestoreAsync(new RetiredRosterVersionRecord(retired));

        await AddAccountsAsync(Juliet);

        Assert.True((await Store.Rosters.LoadAsync(Juliet, CancellationToken.None))!.Version > retired);
    }

    [Fact]
    public async Task Invitations_are_read_in_pages_and_replaced()
    {
        await AddAccountsAsync(Juliet);
        Invitation[] invitations =
        [
            .. Enumerable.Range(0, 10).Select(i => NewInvitation($"token{i}", i % 2 == 0 ? Juliet : null, Later)),
            NewInvitation("token3x", null, Created),
        ];
        await RestoreAsync([.. invitations.Select(invitation => new InvitationRecord(invitation))]);
        await RestoreAsync(new InvitationRecord(invitations[5] with { Uses = 9 }));

        var read = new List<Invitation>();
        while (await Transfer.ReadInvitationsAsync(read.LastOrDefault()?.Token ?? "", Created, 4, CancellationToken.None) is { Count: > 0 } page)
        {
            Assert.True(page.Count <= 4);
            read.AddRange(page);
        }

        Assert.Equal([.. invitations[..5], invitations[5] with { Uses = 9 }, .. invitations[6..10]], read);
        Assert.Equal(invitations[0], await Store.Invitations.FindAsync("token0", Created, CancellationToken.None));
        Assert.Equal(5, await Store.Invitations.CountAsync(Juliet, Created, CancellationToken.None));
    }

    [Fact]
    public async Task Every_kind_is_counted()
    {
        Assert.Equal(0, (await Transfer.CountAsync(Created, CancellationToken.None)).Total);
        await RestoreAsync(
            NewAccount(Juliet), new ContactRecord(Juliet, new(Romeo)), new ContactRecord(Juliet, new(Nobody)),
            new RemovalRecord(Juliet, Jid.Parse("a@b"), 1), new BlockedRecord(Juliet, Romeo), new DataRecord(Juliet, "k", "", default),
            new LastSeenRecord(Juliet, new(Created, Octets("<presence/>"))),
            new MessageRecord(Juliet, Created, default), new MessageRecord(Juliet, Created, default), new MessageRecord(Juliet, Created, default),
            Archived(1), Archived(2), new ReadMarkRecord(Juliet, Romeo, new(1)),
            NewRoom("a@chat.example"), new RoomMemberRecord(Jid.Parse("a@chat.example"), new(Juliet, Affiliation.Owner)),
            new RoomMemberRecord(Jid.Parse("a@chat.example"), new(Romeo, Affiliation.Owner)),
            new RoomArchivedRecord(Archived(1).Message with { Account = Jid.Parse("a@chat.example") }), NewRoom("b@chat.example"),
            NewNode(Juliet), NewNode(Jid.Parse("pubsub.example")), new NodeMemberRecord(Juliet, "node", new(Romeo, NodeAffiliation.Owner)),
            new NodeItemRecord(Juliet, "node", new("a", new(1), null, default)), new NodeItemRecord(Juliet, "node", new("b", new(2), null, default)),
            new NodeItemRecord(Jid.Parse("pubsub.example"), "node", new("a", new(1), null, default)),
            new InvitationRecord(NewInvitation("valid", Juliet, Later)), new InvitationRecord(NewInvitation("expired", null, Created)),
            new SettingRecord("host", "name", ""), new SettingRecord("", "mark", ""), new SecretRecord("one", new byte[1]),
            new RetiredRosterVersionRecord(3));

        var counts = await Transfer.CountAsync(Created, CancellationToken.None);

        Assert.Equal([1, 2, 1, 1, 1, 1, 3, 2, 1, 2, 2, 1, 2, 1, 3, 1, 1, 1], StoreCounts.Counted.Select(kind => counts[kind]));
        Assert.Equal(0, (await Transfer.CountAsync(Later, CancellationToken.None))[RecordKind.Invitation]);
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Transfer.RestoreAsync([NewAccount(Juliet)], cancelled).AsTask());
        await AssertCancelledAsync(Transfer.ReadCommonsAsync(cancelled).AsTask());
        await AssertCancelledAsync(Transfer.ReadDataAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(Transfer.ReadInvitationsAsync("", Created, 1, cancelled).AsTask());
        await AssertCancelledAsync(Transfer.CountAsync(Created, cancelled).AsTask());

        Assert.Null(await Store.Accounts.FindAsync(Juliet, CancellationToken.None));
    }

    private ValueTask RestoreAsync(params StoreRecord[] batch) => Transfer.RestoreAsync(batch, CancellationToken.None);

    private static ArchivedRecord Archived(int number) =>
        new(new(Juliet, new((UInt128)number), Romeo, IsIncoming: true, default, Text: null, IsShown: true));

    private static RoomRecord NewRoom(string room) =>
        new(new(Jid.Parse(room), Created, new(null, true, true, new Dictionary<string, string>()), null, []));

    private static NodeRecord NewNode(Jid owner) => new(new(owner, "node", Created, new Dictionary<string, string>(), []));

    private static AccountRecord NewAccount(Jid jid, long rosterVersion = 1) =>
        new(new(jid, [], Enabled: true, Created, LastLogin: null), rosterVersion, RosterFloor: 1);

    private static Invitation NewInvitation(string token, Jid? inviter, DateTimeOffset expires) =>
        new(token, Juliet.Domain, inviter, AllowsAccount: true, Username: null, expires, Uses: 1);

    private static void AssertEntry(RosterEntry expected, RosterEntry entry) => Assert.Equal(
        (expected.IsListed, expected.Subscription, expected.IsAsking, expected.IsApproved, expected.Request, expected.Name, expected.Version,
            string.Join(';', expected.Groups)),
        (entry.IsListed, entry.Subscription, entry.IsAsking, entry.IsApproved, entry.Request, entry.Name, entry.Version,
            string.Join(';', entry.Groups)));

    private static ReadOnlyMemory<byte> Octets(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte> octets) => Encoding.UTF8.GetString(octets.Span);
}
