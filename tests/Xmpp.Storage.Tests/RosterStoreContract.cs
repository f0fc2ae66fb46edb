using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>What <see cref="IRosterStore"/> promises, for every store that implements it.</summary>
public abstract class RosterStoreContract(TestDatabase database) : StoreContract(database)
{
    private static readonly Jid Nurse = Jid.Parse("nurse@capulet.example");

    private IRosterStore Rosters => Store.Rosters;

    [Fact]
    public async Task A_fresh_account_has_an_empty_roster_with_a_version()
    {
        await AddAccountsAsync(Juliet);

        var roster = await LoadAsync();

        Assert.Empty(roster.Entries);
        Assert.Empty(roster.Removed);
        Assert.True(roster.Version > 0);
        Assert.Equal(roster.Version, roster.Floor);
    }

    [Fact]
    public async Task Nobody_has_no_roster()
    {
        Assert.Null(await Rosters.LoadAsync(Nobody, CancellationToken.None));
        Assert.False(await Rosters.ApplyAsync(Nobody, Save(Entry(Romeo, 1)), CancellationToken.None));
        Assert.Null(await Rosters.LoadAsync(Nobody, CancellationToken.None));
    }

    [Fact]
    public async Task Entries_are_kept_whole()
    {
        await AddAccountsAsync(Juliet, Romeo);
        var version = (await LoadAsync()).Version + 1;
        RosterEntry[] entries =
        [
            new(Romeo)
            {
                IsListed = true, Subscription = SubscriptionState.Both, Name = "Romeo", Groups = ["Lovers", "Friends"], Version = version,
            },
            new(Nurse)
            {
                IsListed = true, Subscription = SubscriptionState.To, IsAsking = true, IsApproved = true, Version = version,
            },
            new(Jid.Parse("benvolio@montague.example/a resource"))
            {
                IsListed = true,
                Subscription = SubscriptionState.From,
                Name = "",
                Groups = ["\"[a],\\\"", "é 中 \U0001F339 'x'"],
                Version = version,
            },
            new(Jid.Parse("$set.a@b.c/$d.e")) { IsListed = true, Name = "$unset", Groups = ["$a.b", "."], Version = version },
            new(LongJid) { IsListed = true, Version = version },
            new(Jid.Parse("montague.example")) { IsListed = true, Name = "d'\"--;\0é\U0001F339", Version = version },
            new(Jid.Parse("ジュリエット@münchen.example")) { IsApproved = true, Version = version },
            new(Jid.Parse("paris@verona.example")) { Request = Request("paris@verona.example"), Version = version },
        ];

        Assert.True(await ApplyAsync(new RosterChange(version) { Saved = entries }));

        await ReopenAsync();
        var roster = await LoadAsync();
        Assert.Equal(version, roster.Version);
        AssertEntries(entries, roster);
        Assert.Empty((await Rosters.LoadAsync(Romeo, CancellationToken.None))!.Entries);
    }

    [Fact]
    public async Task What_is_saved_again_is_replaced_whole()
    {
        await AddAccountsAsync(Juliet);
        await ApplyAsync(Save(new RosterEntry(Romeo)
        {
            IsListed = true,
            Name = "Romeo",
            Groups = ["Lovers"],
            IsAsking = true,
            IsApproved = true,
            Request = Request("romeo@montague.example"),
        }));
        await ApplyAsync(Save(Entry(Nurse, 5)));

        await ApplyAsync(Save(Entry(Romeo, 7)));

        AssertEntries([Entry(Romeo, 7), Entry(Nurse, 5)], await LoadAsync());
    }

    [Fact]
    public async Task A_listed_entry_that_goes_is_remembered_with_the_version_that_removed_it()
    {
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;
        await ApplyAsync(new RosterChange(start + 1) { Saved = [Entry(Romeo, start + 1), Entry(Nurse, start + 1)] });

        await ApplyAsync(new RosterChange(start + 2) { Deleted = [Romeo, Nobody] });

        await ReopenAsync();
        var roster = await LoadAsync();
        AssertEntries([Entry(Nurse, start + 1)], roster);
        Assert.Equal([(Romeo, start + 2)], roster.Removed);
        Assert.Equal((start + 2, start), (roster.Version, roster.Floor));
    }

    [Fact]
    public async Task A_mere_request_goes_without_a_trace()
    {
        await AddAccountsAsync(Juliet);
        var version = (await LoadAsync()).Version;
        await ApplyAsync(new RosterChange(version) { Saved = [new RosterEntry(Romeo) { Request = Request("romeo@montague.example") }] });

        await ApplyAsync(new RosterChange(version) { Deleted = [Romeo] });

        var roster = await LoadAsync();
        Assert.Empty(roster.Entries);
        Assert.Empty(roster.Removed);
        Assert.Equal(version, roster.Version);
    }

    [Fact]
    public async Task What_is_no_longer_listed_counts_as_removed_and_stays()
    {
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;
        var unlisted = new RosterEntry(Romeo) { Request = Request("romeo@montague.example"), Version = start + 1 };
        await ApplyAsync(new RosterChange(start + 1) { Saved = [Entry(Romeo, start + 1)] });

        await ApplyAsync(new RosterChange(start + 2) { Saved = [unlisted] });
        await ApplyAsync(new RosterChange(start + 2) { Saved = [unlisted] });

        var roster = await LoadAsync();
        AssertEntries([unlisted], roster);
        Assert.Equal([(Romeo, start + 2)], roster.Removed);

        await ApplyAsync(new RosterChange(start + 3) { Deleted = [Romeo] });
        Assert.Equal([(Romeo, start + 2)], (await LoadAsync()).Removed);
    }

    [Fact]
    public async Task Who_is_back_in_the_roster_is_not_removed_any_more()
    {
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;
        await ApplyAsync(new RosterChange(start + 1) { Saved = [Entry(Romeo, start + 1)] });
        await ApplyAsync(new RosterChange(start + 2) { Deleted = [Romeo] });
        // A request from somebody who was removed doesn't bring him back.
        await ApplyAsync(new RosterChange(start + 2) { Saved = [new RosterEntry(Romeo) { Request = Request("romeo@montague.example") }] });
        Assert.Equal([(Romeo, start + 2)], (await LoadAsync()).Removed);

        await ApplyAsync(new RosterChange(start + 3) { Saved = [Entry(Romeo, start + 3)] });
        Assert.Empty((await LoadAsync()).Removed);

        await ApplyAsync(new RosterChange(start + 4) { Deleted = [Romeo] });
        Assert.Equal([(Romeo, start + 4)], (await LoadAsync()).Removed);
    }

    [Fact]
    public async Task The_last_hundred_removals_are_remembered_and_the_floor_tells_where_they_begin()
    {
        const int Contacts = 150;
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;
        var contacts = Enumerable.Range(0, Contacts).Select(i => Jid.Parse($"contact{i}@montague.example")).ToArray();
        await ApplyAsync(new RosterChange(start + 1) { Saved = [.. contacts.Select(contact => Entry(contact, start + 1))] });

        for (var i = 0; i < Contacts; i++)
        {
            await ApplyAsync(new RosterChange(start + 2 + i) { Deleted = [contacts[i]] });
            await AssertKnownFromFloorAsync(i);
        }

        Assert.True((await LoadAsync()).Removed.Count >= 90);

        // Everything since the floor is known: whoever has that version misses nothing.
        async Task AssertKnownFromFloorAsync(int last)
        {
            var roster = await LoadAsync();
            var known = Enumerable.Range(0, last + 1).Select(i => (contacts[i], start + 2 + i)).Where(r => r.Item2 > roster.Floor);
            Assert.Equal(known, roster.Removed.OrderBy(r => r.Version));
            Assert.True(roster.Removed.Count <= 110);
            Assert.True(roster.Floor <= roster.Version);
        }
    }

    [Fact]
    public async Task Many_removals_in_one_step_are_either_all_remembered_or_lie_below_the_floor()
    {
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;
        var contacts = Enumerable.Range(0, 300).Select(i => Jid.Parse($"contact{i}@montague.example")).ToArray();
        await ApplyAsync(new RosterChange(start + 1) { Saved = [.. contacts.Select(contact => Entry(contact, start + 1))] });

        await ApplyAsync(new RosterChange(start + 2) { Deleted = contacts });

        var roster = await LoadAsync();
        Assert.Empty(roster.Entries);
        Assert.True(roster.Removed.Count == contacts.Length || (roster.Removed.Count == 0 && roster.Floor == start + 2));
    }

    [Fact]
    public async Task Versions_never_come_again_even_when_the_account_is_made_anew_at_the_same_time()
    {
        await AddAccountsAsync(Juliet);
        for (var round = 0; round < 3; round++)
        {
            var version = (await LoadAsync()).Version + 1000;
            await ApplyAsync(new RosterChange(version) { Saved = [Entry(Romeo, version), Entry(Nurse, version)] });
            await ApplyAsync(new RosterChange(version + 1) { Deleted = [Nurse] });

            await RenewAccountAsync(Juliet);

            var roster = await LoadAsync();
            Assert.Empty(roster.Entries);
            Assert.Empty(roster.Removed);
            Assert.True(roster.Version > version + 1);
            Assert.Equal(roster.Version, roster.Floor);
            await ReopenAsync();
        }
    }

    [Fact]
    public async Task A_version_doesnt_go_back()
    {
        await AddAccountsAsync(Juliet);
        var version = (await LoadAsync()).Version;

        await ApplyAsync(new RosterChange(version - 1) { Saved = [Entry(Romeo, version - 1)] });

        Assert.Equal(version, (await LoadAsync()).Version);
    }

    [Fact]
    public async Task A_step_is_seen_whole_or_not_at_all()
    {
        const int Changes = 200;
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;

        var changes = Task.Run(async () =>
        {
            for (var version = start + 1; version <= start + Changes; version++)
            {
                await ApplyAsync((version - start) % 2 == 1
                    ? new RosterChange(version) { Saved = [Entry(Nurse, version), Entry(Romeo, version)] }
                    : new RosterChange(version) { Saved = [Entry(Nurse, version)], Deleted = [Romeo] });
            }
        }, TestContext.Current.CancellationToken);
        do
        {
            var roster = await LoadAsync();
            Assert.All(roster.Entries, entry => Assert.Equal(roster.Version, entry.Version));
            Assert.All(roster.Removed, removal => Assert.Equal(roster.Version, removal.Version));
            Assert.Equal(roster.Version == start ? 0 : 2, roster.Entries.Count + roster.Removed.Count);
        }
        while (!changes.IsCompleted);

        await changes;
    }

    [Fact]
    public async Task Many_change_rosters_at_once_and_nothing_is_lost()
    {
        await AddAccountsAsync(Juliet, Romeo);

        await AtOnceAsync(i => Rosters.ApplyAsync(i % 2 == 0 ? Juliet : Romeo, Save(NumberedEntry(i)), CancellationToken.None));

        var hers = await LoadAsync();
        var his = await Rosters.LoadAsync(Romeo, CancellationToken.None);
        AssertEntries([.. Enumerable.Range(0, Callers).Where(i => i % 2 == 0).Select(NumberedEntry)], hers);
        AssertEntries([.. Enumerable.Range(0, Callers).Where(i => i % 2 == 1).Select(NumberedEntry)], his!);

        static RosterEntry NumberedEntry(int i) => Entry(Jid.Parse($"contact{i}@example.org"), i);
    }

    [Fact]
    public async Task A_large_roster_is_kept()
    {
        await AddAccountsAsync(Juliet);
        var entries = Enumerable.Range(0, 2000).Select(i => Entry(Jid.Parse($"contact{i}@montague.example"), 1) with
        {
            Name = new string('é', 1000),
            Groups = [.. Enumerable.Range(0, 20).Select(g => $"Group {g}")],
        }).Append(new RosterEntry(Nurse) { Request = Request("nurse@capulet.example", new string('x', 200_000)) }).ToArray();

        await ApplyAsync(Save(entries));

        AssertEntries(entries, await LoadAsync());
    }

    [Fact]
    public async Task A_roster_of_ten_thousand_is_kept_changed_and_cleared()
    {
        const int Contacts = 10_000;
        await AddAccountsAsync(Juliet);
        var start = (await LoadAsync()).Version;
        var entries = Enumerable.Range(0, Contacts).Select(i => Entry(Jid.Parse($"contact{i}@montague.example"), start + 1) with
        {
            Name = $"Contact {i}",
            Groups = ["Friends"],
        }).ToArray();
        await ApplyAsync(new RosterChange(start + 1) { Saved = entries });
        entries[7] = entries[7] with { Name = "Another", Version = start + 2 };

        await ApplyAsync(new RosterChange(start + 2) { Saved = [entries[7]] });

        await ReopenAsync();
        var roster = await LoadAsync();
        Assert.Equal((start + 2, start), (roster.Version, roster.Floor));
        AssertEntries(entries, roster);

        await ApplyAsync(new RosterChange(start + 3) { Deleted = [.. entries.Select(entry => entry.Contact)] });
        roster = await LoadAsync();
        Assert.Equal(start + 3, roster.Version);
        Assert.Empty(roster.Entries);
        Assert.True(roster.Removed.Count == Contacts || (roster.Removed.Count == 0 && roster.Floor == start + 3));
    }

    [Fact]
    public async Task What_is_cancelled_beforehand_is_not_done()
    {
        await AddAccountsAsync(Juliet);
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(Rosters.LoadAsync(Juliet, cancelled).AsTask());
        await AssertCancelledAsync(Rosters.ApplyAsync(Juliet, Save(Entry(Romeo, 1)), cancelled).AsTask());

        Assert.Empty((await LoadAsync()).Entries);
    }

    [Theory]
    [MemberData(nameof(NoAccounts))]
    public async Task Only_an_account_can_have_a_roster(string text)
    {
        var jid = Jid.Parse(text);

        await Assert.ThrowsAsync<ArgumentException>(async () => await Rosters.LoadAsync(jid, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Rosters.ApplyAsync(jid, new RosterChange(1), CancellationToken.None));
    }

    private async Task<StoredRoster> LoadAsync()
    {
        var roster = await Rosters.LoadAsync(Juliet, CancellationToken.None);
        Assert.NotNull(roster);
        return roster;
    }

    private ValueTask<bool> ApplyAsync(RosterChange change) => Rosters.ApplyAsync(Juliet, change, CancellationToken.None);

    private static RosterChange Save(params RosterEntry[] entries) => new(1) { Saved = entries };

    private static RosterEntry Entry(Jid contact, long version) =>
        new(contact) { IsListed = true, Subscription = SubscriptionState.Both, Version = version };

    private static Element Request(string from, string status = "O é \U0001F339 <&'\"") => new(Namespaces.Client, "presence",
        Element.Attr("type", "subscribe"), Element.Attr("from", from), Element.Attr("id", "'1\"\t"),
        new Element(Namespaces.Client, "status", status), new Element("http://jabber.org/protocol/nick", "nick", "Paris"));

    private static void AssertEntries(RosterEntry[] expected, StoredRoster roster)
    {
        Assert.Equal(expected.Length, roster.Entries.Count);
        var actual = roster.Entries.ToDictionary(entry => entry.Contact);
        foreach (var entry in expected)
        {
            var found = actual[entry.Contact];
            Assert.Equal(entry.Groups, found.Groups);
            Assert.Equal(entry with { Groups = found.Groups }, found);
        }
    }
}
