using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Testing;

namespace Xmpp.Modules.Tests;

/// <summary>Words for tests of rosters and presence.</summary>
internal static class RosterTesting
{
    public static Jid Account(string name) => Jid.Parse($"{name}@localhost");

    /// <summary>Puts entries into the roster of an account, which is made when it isn't there, before anybody has looked at it.</summary>
    public static async Task StoreAsync(this TestServer server, string account, params RosterEntry[] entries)
    {
        await server.CreateAccountAsync(Account(account));
        var stored = await server.Store.Rosters.LoadAsync(Account(account), CancellationToken.None);
        Assert(await server.Store.Rosters.ApplyAsync(
            Account(account),
            new RosterChange(stored!.Version + 1) { Saved = [.. entries.Select(entry => entry with { Version = stored.Version + 1 })] },
            CancellationToken.None));
    }

    /// <summary>An item with a subscription.</summary>
    public static RosterEntry Item(string name, SubscriptionState subscription) =>
        new(Account(name)) { IsListed = true, Subscription = subscription };

    /// <summary>Makes two accounts see each other.</summary>
    public static async Task BefriendAsync(this TestServer server, string one, string other)
    {
        await server.CreateAccountAsync(Account(one));
        await server.CreateAccountAsync(Account(other));
        Assert(await server.Server.Context.Subscriptions.MakeContactsAsync(Account(one), Account(other), CancellationToken.None));
    }

    /// <summary>Asks for the roster and gives the answer, whatever it is.</summary>
    public static async Task<Element> AskForRosterAsync(this TestClient client, string? version = null)
    {
        var ver = version is null ? "" : $" ver='{version}'";
        await client.SendAsync($"<iq type='get' id='roster'><query xmlns='jabber:iq:roster'{ver}/></iq>");
        return await client.ReadAsync();
    }

    /// <summary>A client that has asked for its roster, and has become available when it is to.</summary>
    public static async Task<TestClient> ComeAsync(
        this TestServer server, string name, string? resource = null, bool isInterested = true, bool isAvailable = true)
    {
        var client = await server.ConnectAsync(name, resource);
        if (isInterested)
            await client.AskForRosterAsync();
        if (isAvailable)
        {
            await client.SendAsync("<presence/>");
            while ((await client.ReadAsync())["from"] != client.Jid.ToString())
            {
                // An older resource.
            }
        }
        return client;
    }

    /// <summary>Expects a roster push whose item is this one, and gives its version.</summary>
    public static async Task<long> ExpectPushAsync(this TestClient client, string item)
    {
        var push = await client.ReadAsync();
        var query = push.Child("jabber:iq:roster", "query");
        var expected = Element.Parse(item, "jabber:iq:roster");
        if (push["type"] != "set" || push["id"] is null || push["to"] != client.Jid.ToString() || push["from"] is not null
            || query?["ver"] is null || !expected.Equals(query.Elements.Single()))
        {
            throw new InvalidOperationException($"Expected a push of {expected}, not {push}");
        }
        return long.Parse(query["ver"]!, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Assert(bool condition) => Xunit.Assert.True(condition);
}
