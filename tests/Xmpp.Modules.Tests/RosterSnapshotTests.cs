using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>The roster in memory: it is at any time what the store would give, and found quickly.</summary>
public sealed class RosterSnapshotTests
{
    private static readonly Jid[] Contacts = [.. Enumerable.Range(0, 150).Select(number => Jid.Parse($"contact{number}@example.org"))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_any_changes_it_is_what_the_store_has(int seed)
    {
        await using var server = await TestServer.StartAsync();
        var account = RosterTesting.Account("juliet");
        await server.CreateAccountAsync(account);
        var random = new Random(seed);
        var roster = Roster.Of((await server.Store.Rosters.LoadAsync(account, CancellationToken.None))!);

        for (var round = 0; round < 400; round++)
        {
            var change = ChangeOf(roster, random, round);
            Assert.True(await server.Store.Rosters.ApplyAsync(account, change, CancellationToken.None));
            roster = roster.With(change);
        }

        var stored = Roster.Of((await server.Store.Rosters.LoadAsync(account, CancellationToken.None))!);
        Assert.Equal((stored.Version, stored.Floor), (roster.Version, roster.Floor));
        Assert.Equal((stored.ItemCount, stored.RequestCount), (roster.ItemCount, roster.RequestCount));
        Assert.Equal(stored.Entries.ToArray().Select(Describe), roster.Entries.ToArray().Select(Describe));
        Assert.Equal(
            stored.ChangesSince(stored.Floor).Select(change => (change.Contact, change.Version, change.Item is null)),
            roster.ChangesSince(roster.Floor).Select(change => (change.Contact, change.Version, change.Item is null)));
    }

    [Fact]
    public void Everybody_in_a_large_one_is_found()
    {
        var contacts = Enumerable.Range(0, 10_000).Select(number => Jid.Parse($"c{number}@example.org")).ToList();
        var roster = Roster.Of(new StoredRoster(1, 0, [.. contacts.Select(contact => new RosterEntry(contact) { IsListed = true })], []));

        Assert.All(contacts, contact => Assert.Equal(contact, roster.Find(contact)?.Contact));
        Assert.Null(roster.Find(Jid.Parse("c10000@example.org")));
        Assert.Null(roster.Find(Jid.Parse("c1@example.org/resource")));
    }

    [Fact]
    public void Equal_groups_are_kept_once()
    {
        var roster = Roster.Of(new StoredRoster(
            1, 0, [.. Contacts.Select(contact => new RosterEntry(contact) { IsListed = true, Groups = new List<string> { "Friends" } })], []));

        Assert.Single(roster.Entries.ToArray().Select(entry => entry.Groups).Distinct(ReferenceEqualityComparer.Instance));
    }

    private static RosterChange ChangeOf(Roster roster, Random random, int round)
    {
        var contact = Contacts[random.Next(Contacts.Length)];
        var version = roster.Version + 1;
        return random.Next(4) switch
        {
            0 or 1 => new(version)
            {
                Saved = [new(contact) { IsListed = true, Name = $"name {round}", Groups = ["A", "B"], Version = version }],
            },
            2 when roster.Find(contact) is null => new(roster.Version)
            {
                Saved = [new(contact) { Request = new Element(Namespaces.Client, "presence"), Version = roster.Version }],
            },
            _ => roster.Find(contact) is { IsListed: true }
                ? new(version) { Deleted = [contact] }
                : new(roster.Version) { Deleted = [contact] },
        };
    }

    private static string Describe(RosterEntry entry) =>
        $"{entry.Contact} {entry.IsListed} {entry.Name} {string.Join(',', entry.Groups)} {entry.Request} {entry.Version} "
        + $"{entry.Subscription == SubscriptionState.None}";
}
