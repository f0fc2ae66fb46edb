using System.Globalization;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Presence for subscribers (RFC 6121 §4.2-4.5).</summary>
public sealed class PresenceBroadcastTests
{
    [Fact]
    public async Task Subscribers_learn_of_every_change_at_every_available_resource()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var orchard = await server.ComeAsync("romeo", "orchard");
        var tomb = await server.ConnectAsync("romeo", "tomb");
        await tomb.SendAsync("<presence><priority>-1</priority></presence>");
        await tomb.ReadAsync();
        await tomb.ReadAsync();
        await orchard.ReadAsync();
        var silent = await server.ConnectAsync("romeo", "silent");
        var juliet = await server.ConnectAsync("juliet", "balcony");

        foreach (var content in new[]
        {
            "id='p'><status>Come, night!</status><c xmlns='urn:test'/></presence>",
            "><show>away</show><priority>-5</priority></presence>",
            "type='unavailable'><status>Good night!</status></presence>",
            "/>",
        })
        {
            await juliet.SendAsync($"<presence {content}");
            foreach (var resource in new[] { orchard, tomb })
                await resource.ExpectAsync($"<presence from='{juliet.Jid}' to='romeo@localhost' {content}");
        }
        await silent.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task A_newcomer_learns_of_the_contacts_it_is_subscribed_to()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var name in new[] { "benvolio", "mercutio", "romeo" })
            await server.BefriendAsync("juliet", name);
        await server.StoreAsync("tybalt", RosterTesting.Item("juliet", SubscriptionState.To));
        var orchard = await server.LoginAsync("romeo", "orchard", priority: 1);
        var street = await server.LoginAsync("romeo", "street", priority: -1);
        await server.LoginAsync("mercutio", "street", priority: 3);
        await server.ConnectAsync("benvolio"); // Not available.
        await server.LoginAsync("tybalt"); // Subscribed to her, not she to him.

        var juliet = await server.ComeAsync("juliet");

        await juliet.ExpectAsync("<presence from='mercutio@localhost/street' to='juliet@localhost'><priority>3</priority></presence>");
        await juliet.ExpectAsync($"<presence from='{orchard.Jid}' to='juliet@localhost'><priority>1</priority></presence>");
        await juliet.ExpectAsync($"<presence from='{street.Jid}' to='juliet@localhost'><priority>-1</priority></presence>");
        await juliet.ExpectNothingFromAsync(juliet);
        // Only newcomers have to be told.
        await juliet.SendAsync("<presence><show>away</show></presence>");
        await juliet.ReadAsync();
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Of_a_contact_who_has_it_otherwise_nothing_is_told()
    {
        await using var server = await TestServer.StartAsync();
        await server.StoreAsync("juliet", RosterTesting.Item("romeo", SubscriptionState.To));
        await server.LoginAsync("romeo");

        var juliet = await server.ComeAsync("juliet");

        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whose_connection_ends_has_left_for_subscribers_too(bool isOrderly)
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet", "balcony");
        await romeo.ReadAsync();

        if (isOrderly)
            await juliet.SendAsync("</stream:stream>");
        else
            juliet.Drop();

        await romeo.ExpectAsync("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
        await juliet.Served;
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task A_reload_keeps_who_is_there()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var romeo = await server.ComeAsync("romeo");
        var juliet = await server.ComeAsync("juliet");
        await romeo.ReadAsync();
        await juliet.ReadAsync();

        await server.ReloadAsync(options => options with
        {
            Modules = options.Modules with { Roster = options.Modules.Roster with { MaxItems = 1 }, Disabled = ["ping"] },
        });

        await juliet.SendAsync("<presence><show>xa</show></presence>");
        await romeo.ExpectAsync($"<presence from='{juliet.Jid}' to='romeo@localhost'><show>xa</show></presence>");
        await juliet.ReadAsync();
        await juliet.SendAsync("<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='a@localhost'/></query></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
    }

    /// <summary>§4.5.2: whoever comes while another leaves must not be left with the presence that is over.</summary>
    [Fact]
    public async Task Nobody_is_left_with_a_presence_that_is_over()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");

        var cancellation = TestContext.Current.CancellationToken;
        for (var round = 0; round < 100; round++)
        {
            await juliet.SendAsync("<presence/>");
            await juliet.ReadAsync();
            var romeo = await server.ConnectAsync("romeo", "r" + round.ToString(CultureInfo.InvariantCulture));
            // Both at once, on their own threads.
            await Task.WhenAll(
                Task.Run(() => juliet.SendAsync("<presence type='unavailable'/>").AsTask(), cancellation),
                Task.Run(() => romeo.SendAsync("<presence/>").AsTask(), cancellation));

            var last = "unavailable";
            await romeo.SendAsync($"<message to='{romeo.Jid}' id='end'/>");
            await juliet.SendAsync($"<message to='{romeo.Jid}' id='end'/>");
            for (var ends = 0; ends < 2;)
            {
                var stanza = await romeo.ReadAsync();
                if (stanza["id"] == "end")
                    ends++;
                else if (stanza["from"] == juliet.Jid.ToString())
                    last = stanza["type"];
            }
            Assert.Equal("unavailable", last);
            await romeo.SendAsync("</stream:stream>");
            while (await romeo.ReadOrEndAsync() is not null)
            {
                // The rest means nothing.
            }
            await romeo.Served;
            while ((await juliet.ReadAsync())["from"] != juliet.Jid.ToString())
            {
                // romeo's coming, if it was seen.
            }
        }
    }

    [Fact]
    public async Task Blocking_hides_and_unblocking_shows()
    {
        await using var server = await TestServer.StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var romeo = await server.ComeAsync("romeo", "orchard");
        var juliet = await server.ComeAsync("juliet", "balcony");
        await romeo.ReadAsync();
        await juliet.ReadAsync();

        await juliet.SendAsync("<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>");
        await juliet.ReadAsync();
        await romeo.ExpectAsync("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");

        // Neither side's presence passes, nor a probe, nor a subscription.
        await juliet.SendAsync("<presence><show>away</show></presence>");
        await juliet.ReadAsync();
        await romeo.SendAsync("<presence><show>dnd</show></presence>");
        await romeo.ReadAsync();
        await romeo.SendAsync("<presence to='juliet@localhost' type='probe'/><presence to='juliet@localhost'/>");
        await romeo.SendAsync("<presence to='juliet@localhost' type='subscribe'/>");
        await romeo.ExpectNothingFromAsync(romeo);
        await juliet.ExpectNothingFromAsync(juliet);
        await juliet.SendAsync("<presence to='romeo@localhost' id='1'/>");
        Assert.Equal("1", (await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable))["id"]);
        // Who comes anew learns no more.
        var street = await server.ComeAsync("romeo", "street");
        await romeo.ReadAsync();
        await street.ExpectNothingFromAsync(street);

        await juliet.SendAsync("<iq type='set' id='2'><unblock xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></unblock></iq>");
        await juliet.ReadAsync();
        foreach (var resource in new[] { romeo, street })
            await resource.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'><show>away</show></presence>");
    }

    [Fact]
    public async Task A_whole_domain_can_be_blocked()
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "example.com"] });
        await server.BefriendAsync("juliet", "romeo");
        var romeo = await server.ComeAsync("romeo");
        var mercutio = await server.ComeAsync("mercutio@example.com");
        await server.Server.Context.Subscriptions.MakeContactsAsync(
            RosterTesting.Account("juliet"), mercutio.Jid.Bare, CancellationToken.None);
        await mercutio.ReadAsync();
        var juliet = await server.ComeAsync("juliet", "balcony");
        await juliet.ReadAsync();
        await juliet.ReadAsync();
        await mercutio.ReadAsync();
        await romeo.ReadAsync();

        await juliet.SendAsync("<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='example.com'/></block></iq>");
        await juliet.ReadAsync();

        await mercutio.ExpectAsync("<presence type='unavailable' from='juliet@localhost/balcony' to='mercutio@example.com'/>");
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task A_guard_that_takes_its_time_is_waited_for()
    {
        await using var server = await TestServer.StartAsync(null, module => module.Guard(async (stanza, _) =>
        {
            await Task.Yield();
            return stanza.Peer.Local == "tybalt" || stanza.Account.Local == "tybalt"
                ? Core.Modules.GuardVerdict.Drop
                : Core.Modules.GuardVerdict.Pass;
        }));
        await server.BefriendAsync("juliet", "romeo");
        await server.BefriendAsync("juliet", "tybalt");
        var romeo = await server.ComeAsync("romeo", "orchard");
        var tybalt = await server.ComeAsync("tybalt");
        var juliet = await server.ComeAsync("juliet", "balcony");

        await juliet.ExpectAsync("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
        await romeo.ExpectAsync("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
        await juliet.SendAsync("<presence type='unavailable'/>");
        await romeo.ExpectAsync("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
        await tybalt.SendAsync("<presence><show>away</show></presence>");
        Assert.Equal(tybalt.Jid.ToString(), (await tybalt.ReadAsync())["from"]);
    }
}
