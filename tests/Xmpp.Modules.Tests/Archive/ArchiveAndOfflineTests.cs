using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Archive.ArchiveTesting;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0160 beside XEP-0313: what waits for an account that reads its archive comes once.</summary>
public sealed class ArchiveAndOfflineTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    /// <summary>Romeo has said some words to Juliet, who was away.</summary>
    private static async Task<(TestServer Server, TestClient Romeo)> StartAsync(params string[] words)
    {
        var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await server.CreateAccountAsync(Juliet);
        await server.TalkAsync(romeo, "juliet@localhost", words);
        return (server, romeo);
    }

    /// <summary>What comes when a client becomes available: messages before its presence and, if any were there, a ping.</summary>
    private static async Task<IReadOnlyList<Element>> BecomeAvailableAsync(TestServer server, TestClient client)
    {
        var isAnythingThere = await server.Store.Offline.CountAsync(Juliet, CancellationToken.None) > 0;
        await client.SendAsync("<presence/>");
        var messages = new List<Element>();
        for (var (hasPresence, hasPing) = (false, !isAnythingThere); !hasPresence || !hasPing;)
        {
            var stanza = await client.ReadAsync();
            if (stanza.Name.Local == "message")
                messages.Add(stanza);
            hasPresence |= stanza.Name.Local == "presence";
            if (stanza.Name.Local == "iq")
            {
                hasPing = true;
                await client.SendAsync($"<iq type='result' id='{stanza["id"]}' to='localhost'/>");
            }
        }
        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(Juliet, CancellationToken.None) == 0);
        return messages;
    }

    private static string Bodies(IEnumerable<Element> messages) =>
        string.Join(' ', messages.Select(message => message.Child(Namespaces.Client, "body")!.Text));

    [Fact]
    public async Task Who_has_read_the_archive_before_being_available_gets_nothing_twice()
    {
        var (server, romeo) = await StartAsync("1", "2", "3");
        await using var _ = server;
        var juliet = await server.ConnectAsync("juliet");

        var first = await juliet.QueryAsync(Rsm("<max>2</max>"));
        var second = await juliet.QueryAsync(Rsm($"<max>2</max><after>{first.Last}</after>"));
        var offline = await BecomeAvailableAsync(server, juliet);

        Assert.Equal(["1", "2", "3"], first.Bodies.Concat(second.Bodies));
        Assert.Empty(offline);
        // Nor does anybody else.
        await juliet.DisposeAsync();
        Assert.Empty(await BecomeAvailableAsync(server, await server.ConnectAsync("juliet")));
    }

    [Fact]
    public async Task What_comes_between_reading_and_being_available_is_not_missed()
    {
        var (server, romeo) = await StartAsync("1", "2");
        await using var _ = server;
        var juliet = await server.ConnectAsync("juliet");

        var read = await juliet.QueryAsync();
        await server.TalkAsync(romeo, "juliet@localhost", "3");
        var offline = await BecomeAvailableAsync(server, juliet);

        Assert.Equal("3", Bodies(offline));
        Assert.Equal(["1", "2"], read.Bodies);
        Assert.Equal((await juliet.QueryAsync()).Last, StanzaId.Find(offline[0], Juliet));
    }

    [Fact]
    public async Task What_was_not_read_yet_comes_and_what_is_not_archived_comes_in_any_case()
    {
        var (server, romeo) = await StartAsync("1", "2");
        await using var _ = server;
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>secret</body>"
            + "<no-permanent-store xmlns='urn:xmpp:hints'/></message>");
        await server.TalkAsync(romeo, "juliet@localhost", "3");
        var juliet = await server.ConnectAsync("juliet");

        await juliet.QueryAsync(Rsm("<max>2</max>"));

        Assert.Equal("secret 3", Bodies(await BecomeAvailableAsync(server, juliet)));
    }

    [Fact]
    public async Task Who_reads_the_last_page_has_what_is_before_it_in_the_archive()
    {
        var (server, _) = await StartAsync("1", "2", "3");
        await using var __ = server;
        var juliet = await server.ConnectAsync("juliet");

        Assert.Equal(["3"], (await juliet.QueryAsync(Rsm("<max>1</max><before/>"))).Bodies);
        Assert.Empty(await BecomeAvailableAsync(server, juliet));
    }

    [Fact]
    public async Task Who_is_up_to_date_gets_nothing_that_another_client_has_read()
    {
        var (server, _) = await StartAsync("1", "2");
        await using var __ = server;
        var last = (await (await server.ConnectAsync("juliet")).QueryAsync()).Last;
        var juliet = await server.ConnectAsync("juliet");

        Assert.Empty((await juliet.QueryAsync(Rsm($"<after>{last}</after>"))).Results);
        Assert.Empty(await BecomeAvailableAsync(server, juliet));
    }

    [Theory]
    [InlineData("with", "paris@localhost")]
    [InlineData("{urn:xmpp:fulltext:0}fulltext", "1")]
    public async Task Who_has_read_something_of_the_archive_has_not_read_it(string var, string value)
    {
        var (server, _) = await StartAsync("1", "2");
        await using var __ = server;
        var juliet = await server.ConnectAsync("juliet");

        await juliet.QueryAsync(Form(Field(var, value)));

        Assert.Equal("1 2", Bodies(await BecomeAvailableAsync(server, juliet)));
    }

    [Fact]
    public async Task Offline_messages_are_known_by_the_ids_that_they_have_in_the_archive()
    {
        var (server, _) = await StartAsync("1", "2");
        await using var __ = server;
        var juliet = await server.ConnectAsync("juliet");

        var offline = await BecomeAvailableAsync(server, juliet);

        Assert.Equal("1 2", Bodies(offline));
        Assert.Equal((await juliet.QueryAsync()).Ids, offline.Select(message => StanzaId.Find(message, Juliet)!));
    }

    [Fact]
    public async Task A_message_that_a_client_never_acknowledged_is_archived_once_and_comes_once()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var phone = await server.LoginAsync("juliet", "phone");
        await phone.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        await phone.ReadAsync();
        await server.TalkAsync(romeo, "juliet@localhost", "1");
        await phone.DisposeAsync();
        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(Juliet, CancellationToken.None) > 0);
        server.Time.Advance(TimeSpan.FromSeconds(1));

        var reader = await server.ConnectAsync("juliet", "reader");
        Assert.Equal(["1"], (await reader.QueryAsync()).Bodies);
        Assert.Empty(await BecomeAvailableAsync(server, reader));
    }

    [Fact]
    public async Task What_a_client_asked_its_archive_for_and_never_got_is_for_nobody_else()
    {
        var (server, romeo) = await StartAsync("1");
        await using var _ = server;
        var phone = await server.ConnectAsync("juliet", "phone");
        Assert.Single(await BecomeAvailableAsync(server, phone));
        await phone.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        await phone.ReadAsync();
        await phone.QueryAsync();
        await phone.SendAsync("<iq type='get' id='inbox'><inbox xmlns='urn:xmpp:inbox:1'/></iq>");
        while ((await phone.ReadAsync()).Name.Local != "iq")
        {
        }
        var balcony = await server.LoginAsync("juliet", "balcony");

        await phone.DisposeAsync();
        while ((await balcony.ReadAsync())["type"] != "unavailable")
        {
        }

        await balcony.ExpectNothingFromAsync(romeo);
        Assert.Equal(0, await server.Store.Offline.CountAsync(Juliet, CancellationToken.None));
    }

    [Fact]
    public async Task What_does_not_fit_into_the_queue_but_is_archived_is_not_returned()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { OfflineMessages = new() { Messages = 1 } },
        });
        var romeo = await server.ConnectAsync("romeo");
        await server.CreateAccountAsync(Juliet);

        await server.TalkAsync(romeo, "juliet@localhost", "1", "2");

        var juliet = await server.ConnectAsync("juliet");
        Assert.Equal(["1", "2"], (await juliet.QueryAsync()).Bodies);
    }
}
