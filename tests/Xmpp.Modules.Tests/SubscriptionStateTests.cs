using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>The tables of RFC 6121, Appendix A, over the real server: what is stored, sent on, delivered, pushed and answered.</summary>
public sealed class SubscriptionStateTests
{
    private const string RequestOfRomeo = "<presence type='subscribe' from='romeo@localhost' to='juliet@localhost' id='old'/>";

    public static TheoryData<string, string, bool, string> Outbound => SubscriptionStates.Outbound;

    public static TheoryData<string, string, bool, string, string?> Inbound => SubscriptionStates.Inbound;

    /// <summary>juliet sends; what is routed to romeo is seen by the state that makes him be told of exactly this stanza.</summary>
    [Theory]
    [MemberData(nameof(Outbound))]
    [Rfc6121("3.2.2-2", "3.2.2-3", "3.4.2-1", "3.4.2-2", "3.4.2-3", "3.4.2-4", "3.4.2-5", "3.4.2-6", "3.4.2-7")]
    public async Task What_the_account_sends(string state, string stanza, bool isRouted, string newState)
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", EntryOf("romeo", state));
        await server.StoreAsync("romeo", EntryOf("juliet", Receptive(stanza)));
        var juliet = await server.ComeAsync("juliet", isAvailable: false);
        // Only requests go to available resources; who becomes one asks again himself (§3.1.2).
        var romeo = await server.ComeAsync("romeo", isAvailable: stanza == "subscribe");

        await juliet.SendAsync($"<presence type='{stanza}' to='romeo@localhost' id='s'/>");

        if (isRouted)
            await romeo.ExpectAsync($"<presence type='{stanza}' from='juliet@localhost' to='romeo@localhost' id='s'/>");
        if (isRouted && stanza != "subscribe")
            await romeo.ReadAsync(); // The push of his own roster.
        await romeo.ExpectNothingFromAsync(juliet);
        await ExpectPushAsync(juliet, state, newState);
        await AssertStoredAsync(server, juliet, newState);
    }

    /// <summary>romeo sends, in a state from which everything is routed.</summary>
    [Theory]
    [MemberData(nameof(Inbound))]
    [Rfc6121("3.1.3-4", "3.1.6-5", "3.2.3-5", "3.3.3-4", "3.3.3-5", "3.4.2-8")]
    public async Task What_comes_from_the_contact(string state, string stanza, bool isDelivered, string newState, string? reply)
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", EntryOf("romeo", state));
        // He sees juliet's reply when it changes something for him.
        await server.StoreAsync("romeo", EntryOf("juliet", stanza is "subscribe" ? "None" : "None + Pending In"));
        var juliet = await server.ComeAsync("juliet");
        if (SubscriptionStates.Parse(state).IsPendingIn)
            await juliet.ExpectAsync(RequestOfRomeo);
        var romeo = await server.ComeAsync("romeo", isAvailable: false);

        await romeo.SendAsync($"<presence type='{stanza}' to='juliet@localhost' id='s'/>");

        if (isDelivered)
            await juliet.ExpectAsync($"<presence type='{stanza}' from='romeo@localhost' to='juliet@localhost' id='s'/>");
        await ExpectPushAsync(juliet, state, newState);
        await juliet.ExpectNothingFromAsync(romeo);
        await AssertStoredAsync(server, juliet, newState);
        if (stanza == "subscribe")
        {
            await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='none' ask='subscribe'/>");
            if (reply is not null)
            {
                await romeo.ExpectAsync($"<presence type='{reply}' from='juliet@localhost' to='romeo@localhost' id='s'/>");
                await romeo.ExpectPushAsync("<item jid='juliet@localhost' subscription='to'/>");
            }
            await romeo.ExpectNothingFromAsync(romeo);
        }
    }

    /// <summary>The state of a contact in which a stanza that comes is delivered.</summary>
    private static string Receptive(string stanza) => stanza switch
    {
        "subscribe" => "None",
        "unsubscribe" => "From",
        _ => "None + Pending Out",
    };

    private static async Task ExpectPushAsync(TestClient client, string state, string newState)
    {
        var (before, after) = (SubscriptionStates.Parse(state), SubscriptionStates.Parse(newState));
        if ((before with { IsPendingIn = false }) == (after with { IsPendingIn = false }))
            return;
        var ask = after.IsPendingOut ? " ask='subscribe'" : "";
        var approved = after.IsApproved ? " approved='true'" : "";
        await client.ExpectPushAsync(
            $"<item jid='romeo@localhost' subscription='{RosterItem.NameOf(after.Subscription)}'{ask}{approved}/>");
    }

    private static async Task AssertStoredAsync(TestServer server, TestClient client, string state)
    {
        // What the client does next is handled when this is done.
        await client.ExpectNothingFromAsync(client);
        var stored = await server.Store.Rosters.LoadAsync(client.Jid.Bare, CancellationToken.None);
        var entry = stored!.Entries.SingleOrDefault();
        Assert.Equal(
            SubscriptionStates.Parse(state),
            entry is null ? default : new ContactState(entry.Subscription, entry.IsAsking, entry.Request is not null, entry.IsApproved));
    }

    private static RosterEntry EntryOf(string contact, string state)
    {
        var parsed = SubscriptionStates.Parse(state);
        return new(RosterTesting.Account(contact))
        {
            IsListed = true,
            Subscription = parsed.Subscription,
            IsAsking = parsed.IsPendingOut,
            IsApproved = parsed.IsApproved,
            Request = parsed.IsPendingIn ? Element.Parse(RequestOfRomeo) : null,
        };
    }
}
