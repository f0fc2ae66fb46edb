using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Server.Tests.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>Delivery doesn't wait for the archive; the acknowledgement (XEP-0198 §4) does.</summary>
public sealed class ArchiveCommitTests
{
    private const string Ns = "urn:xmpp:sm:3";

    [Fact]
    public async Task A_message_is_acknowledged_when_the_archives_have_it_and_delivered_before()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo"), await server.LoginAsync("juliet"));
        await romeo.EnableAsync();
        var release = Hold(server);

        await romeo.SendAsync(Message(juliet, 1));
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        await romeo.SendAsync($"<r xmlns='{Ns}'/>");
        // What comes later is handled, too; only that isn't said.
        await romeo.SendAsync("<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal("ping", (await romeo.ReadAsync())["id"]);

        release.SetResult();
        await romeo.ExpectAsync($"<a xmlns='{Ns}' h='2'/>");
        Assert.Equal(1, await CountAsync(server, romeo.Jid.Bare));
        Assert.Equal(1, await CountAsync(server, juliet.Jid.Bare));
    }

    [Fact]
    public async Task Whoever_asks_is_told_as_soon_as_what_was_handled_until_then_is_kept()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo"), await server.LoginAsync("juliet"));
        await romeo.EnableAsync();
        var release = Hold(server);
        await romeo.SendAsync(Message(juliet, 1));
        await juliet.ReadAsync();
        await romeo.SendAsync($"<r xmlns='{Ns}'/>");
        var releaseNext = Hold(server);
        await romeo.SendAsync(Message(juliet, 2));
        await juliet.ReadAsync();

        release.SetResult();
        await romeo.ExpectAsync($"<a xmlns='{Ns}' h='1'/>");
        releaseNext.SetResult();
        await romeo.ExpectHandledAsync(2);
    }

    [Fact]
    public async Task A_message_that_the_archive_could_not_keep_is_refused_though_somebody_has_it()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo"), await server.LoginAsync("juliet"));
        await romeo.EnableAsync();
        var release = Hold(server);
        await romeo.SendAsync(Message(juliet, 1));
        await juliet.ReadAsync();

        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;
        release.SetResult();

        var error = await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        Assert.Equal(("message", "1", juliet.Jid.ToString()), (error.Name.Local, error["id"], error["from"]));
        server.Store.Failure = null;
        await romeo.SendAsync($"<a xmlns='{Ns}' h='1'/>");
        await romeo.ExpectHandledAsync(1);
    }

    [Fact]
    public async Task A_message_that_the_archive_can_not_even_take_is_refused_and_goes_to_nobody()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo"), await server.LoginAsync("juliet"));
        var home = await server.ConnectAsync("romeo");
        await home.SendAsync("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
        await home.ReadAsync();
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        await romeo.SendAsync(Message(juliet, 1));

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        server.Store.Failure = null;
        await juliet.ExpectNothingFromAsync(romeo);
        await home.ExpectNothingFromAsync(home);
    }

    [Fact]
    public async Task A_stream_is_resumed_when_all_that_was_handled_is_kept()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo", "orchard"), await server.LoginAsync("juliet"));
        var id = await romeo.EnableAsync(isResumable: true);
        var release = Hold(server);
        await romeo.SendAsync(Message(juliet, 1));
        await juliet.ReadAsync();
        await romeo.LoseAsync();

        var again = await server.AuthenticateAsync("romeo");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        var answer = again.ReadAsync();
        await juliet.ExpectNothingFromAsync(juliet);
        Assert.False(answer.IsCompleted);
        release.SetResult();

        Assert.Equal("1", (await answer)["h"]);
    }

    [Fact]
    public async Task What_was_on_its_way_into_archives_gets_there_after_a_kill()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo", "orchard"), await server.LoginAsync("juliet"));
        var id = await romeo.EnableAsync(isResumable: true);
        Hold(server);
        await romeo.SendAsync(Message(juliet, 1));
        await juliet.ReadAsync();
        await romeo.SendAsync("<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>");
        await romeo.ReadAsync(); // So the message has been counted.

        await server.RestartAsync(isKilled: true, before: () => server.Store.ArchiveHold = null);

        Assert.Equal(1, await CountAsync(server, romeo.Jid.Bare));
        Assert.Equal(1, await CountAsync(server, juliet.Jid.Bare));
        var again = await server.AuthenticateAsync("romeo");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='2'/>");
    }

    [Fact]
    public async Task What_was_in_archives_before_it_was_handled_is_there_once_when_it_is_sent_again()
    {
        var delivery = new TaskCompletionSource();
        await using var server = await TestServer.StartWithJournalAsync(module => module.Message(MessageStage.Deliver, async (_, _) =>
        {
            if (delivery.Task.IsCompleted)
                return Verdict.Continue;
            await delivery.Task;
            return Verdict.Stop;
        }));
        var (romeo, juliet) = (await server.LoginAsync("romeo", "orchard"), await server.LoginAsync("juliet"));
        var id = await romeo.EnableAsync(isResumable: true);
        await romeo.SendAsync(Message(juliet, 1));
        await Eventually.UntilAsync(async () => await CountAsync(server, juliet.Jid.Bare) > 0);

        await server.RestartAsync(isKilled: true, killed: delivery.SetResult);

        Assert.Equal(0, await CountAsync(server, romeo.Jid.Bare));
        Assert.Equal(0, await CountAsync(server, juliet.Jid.Bare));
        juliet = await server.LoginAsync("juliet", juliet.Jid.Resource!);
        var again = await server.AuthenticateAsync("romeo");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.SendAsync(Message(juliet, 1));
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        Assert.Equal(1, await CountAsync(server, romeo.Jid.Bare));
        Assert.Equal(1, await CountAsync(server, juliet.Jid.Bare));
    }

    [Fact]
    public async Task What_waited_for_somebody_before_it_was_handled_waits_once_when_it_is_sent_again()
    {
        var end = new TaskCompletionSource();
        await using var server = await TestServer.StartWithJournalAsync();
        var (romeo, juliet) = (await server.LoginAsync("romeo", "orchard"), Jid.Parse("juliet@localhost"));
        await server.CreateAccountAsync(juliet);
        var id = await romeo.EnableAsync(isResumable: true);
        server.Store.OfflineEnd = end.Task;
        const string Message = "<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>";
        await romeo.SendAsync(Message);
        await Eventually.UntilAsync(async () => await server.Store.Offline.CountAsync(juliet, CancellationToken.None) > 0);

        await server.RestartAsync(isKilled: true, killed: end.SetResult, before: () => server.Store.OfflineEnd = null);

        Assert.Equal(0, await server.Store.Offline.CountAsync(juliet, CancellationToken.None));
        var again = await server.AuthenticateAsync("romeo");
        await again.SendAsync($"<resume xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.ExpectAsync($"<resumed xmlns='{Ns}' previd='{id}' h='0'/>");
        await again.SendAsync(Message);
        await again.ExpectHandledAsync(1);
        Assert.Equal(1, await server.Store.Offline.CountAsync(juliet, CancellationToken.None));
        Assert.Equal(1, await CountAsync(server, juliet));
    }

    [Fact]
    public async Task A_client_that_writes_faster_than_archives_do_waits_and_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet, paris) = (await server.LoginAsync("romeo"), await server.LoginAsync("juliet"), await server.LoginAsync("paris"));
        var release = Hold(server);
        for (var i = 1; i <= 100; i++)
            await romeo.SendAsync(Message(juliet, i));
        for (var i = 1; i <= 64; i++)
            Assert.Equal($"{i}", (await juliet.ReadAsync())["id"]);

        await juliet.ExpectNothingFromAsync(paris);
        release.SetResult();

        for (var i = 65; i <= 100; i++)
            Assert.Equal($"{i}", (await juliet.ReadAsync())["id"]);
    }

    private static string Message(TestClient to, int id) => $"<message to='{to.Jid}' type='chat' id='{id}'><body>{id}</body></message>";

    private static TaskCompletionSource Hold(TestServer server)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Store.ArchiveHold = release.Task;
        return release;
    }

    private static ValueTask<int> CountAsync(TestServer server, Jid account) =>
        server.Store.Archive.CountAsync(account, new ArchiveQuery(), 100, CancellationToken.None);
}
