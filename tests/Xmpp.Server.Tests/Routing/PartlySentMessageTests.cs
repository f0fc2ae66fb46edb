using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>Messages that the process before was giving to several clients when it was killed.</summary>
public sealed class PartlySentMessageTests
{
    private const string Carbons = "urn:xmpp:carbons:2";
    private static readonly SortableId Id = SortableId.New(DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task The_recipient_s_clients_that_lack_it_get_it_or_a_copy()
    {
        await using var server = await TestServer.StartAsync();
        var balcony = await ComeAsync(server, "juliet", "balcony", priority: 0);
        var chamber = await ComeAsync(server, "juliet", "chamber", priority: 0);
        var garden = await ComeAsync(server, "juliet", "garden", priority: -1);
        var church = await ComeAsync(server, "juliet", "church", priority: -1);

        await SendRestAsync(server, isIncoming: true, balcony.Jid, church.Jid);

        Assert.Equal("hist", (await NextMessageAsync(chamber))["id"]);
        var copy = (await NextMessageAsync(garden)).Child(Carbons, "received")!.Child("urn:xmpp:forward:0", "forwarded")!;
        var message = copy.Child(Namespaces.Client, "message")!;
        Assert.Equal("hist", message["id"]);
        Assert.Equal(Id.ToString(), StanzaId.Find(message, garden.Jid.Bare));
        await ExpectNoMessageAsync(balcony);
        await ExpectNoMessageAsync(church);
    }

    [Fact]
    public async Task The_sender_s_other_clients_that_lack_a_copy_get_one()
    {
        await using var server = await TestServer.StartAsync();
        var orchard = await ComeAsync(server, "romeo", "orchard", priority: 0);
        var street = await ComeAsync(server, "romeo", "street", priority: 0);
        var cell = await ComeAsync(server, "romeo", "cell", priority: 0);

        await SendRestAsync(server, isIncoming: false, street.Jid);

        Assert.NotNull((await NextMessageAsync(cell)).Child(Carbons, "sent"));
        await ExpectNoMessageAsync(orchard);
        await ExpectNoMessageAsync(street);
    }

    [Fact]
    public async Task What_waits_for_the_recipient_is_not_given_out()
    {
        await using var server = await TestServer.StartAsync();
        var balcony = await ComeAsync(server, "juliet", "balcony", priority: 0);

        await SendRestAsync(server, isIncoming: true, Jid.Parse("romeo@localhost/street"));

        await ExpectNoMessageAsync(balcony);
    }

    private static async Task<TestClient> ComeAsync(TestServer server, string name, string resource, int priority)
    {
        var client = await server.ConnectAsync(name, resource);
        await client.SendAsync($"<presence><priority>{priority}</priority></presence>");
        await client.SendAsync($"<iq type='set' id='carbons'><enable xmlns='{Carbons}'/></iq>");
        while ((await client.ReadAsync())["id"] != "carbons")
        {
            // Presence.
        }
        return client;
    }

    private static async Task SendRestAsync(TestServer server, bool isIncoming, params IEnumerable<Jid> recipients)
    {
        var (romeo, juliet) = (Jid.Parse("romeo@localhost/orchard"), Jid.Parse("juliet@localhost"));
        var stanza = Encoding.UTF8.GetBytes($"<message from='{romeo}' to='{juliet}' type='chat' id='hist'><body>Hist!</body></message>");
        var entry = new ArchiveEntry(isIncoming ? juliet : romeo.Bare, Id, isIncoming ? romeo : juliet, isIncoming, stanza, "Hist!", true);
        await server.Server.Context.Messages.SendRestAsync(
            new PartlySentMessage(entry, recipients.ToHashSet()), TestContext.Current.CancellationToken);
    }

    private static async Task<Element> NextMessageAsync(TestClient client)
    {
        Element stanza;
        do
        {
            stanza = await client.ReadAsync();
        }
        while (stanza.Name.Local != "message");
        return stanza;
    }

    private static async Task ExpectNoMessageAsync(TestClient client)
    {
        await client.SendAsync("<iq type='get' to='localhost' id='marker'><ping xmlns='urn:xmpp:ping'/></iq>");
        Element stanza;
        do
        {
            stanza = await client.ReadAsync();
            Assert.NotEqual("message", stanza.Name.Local);
        }
        while (stanza["id"] != "marker");
    }
}
