using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

public sealed class ShutdownTests
{
    [Fact]
    public async Task Everybody_is_told_however_far_they_have_come()
    {
        await using var server = await TestServer.StartAsync();
        var silent = server.Connect();
        var negotiating = server.Connect(ListenerTls.StartTls);
        await negotiating.OpenAsync();
        var bound = await server.LoginAsync("juliet");

        await server.Server.StopAsync();

        foreach (var client in new[] { silent, negotiating, bound })
        {
            await client.ExpectStreamErrorAsync(StreamErrorCondition.SystemShutdown);
            Assert.NotNull(client.ServerHeader);
            Assert.True(client.IsStreamClosed);
        }
        Assert.Equal(0, server.Server.Connections);
    }

    [Fact]
    public async Task Who_comes_too_late_is_told_so()
    {
        await using var server = await TestServer.StartAsync();
        await server.Server.StopAsync();

        var client = server.Connect();

        await client.ExpectStreamErrorAsync(StreamErrorCondition.SystemShutdown);
    }

    [Fact]
    public async Task A_handler_that_does_not_end_is_waited_for_until_the_deadline()
    {
        var entered = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        var server = await TestServer.StartAsync(
            options => options with { ShutdownDeadline = TimeSpan.FromSeconds(10) },
            module => module.Iq(IqType.Get, IqTarget.Server, new XmlName("urn:test", "wait"), async (_, cancellationToken) =>
            {
                cancellationToken.Register(cancelled.SetResult);
                entered.SetResult();
                await cancelled.Task;
                cancellationToken.ThrowIfCancellationRequested();
                return IqReply.Result();
            }));
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SendAsync("<iq type='get' id='1' to='localhost'><wait xmlns='urn:test'/></iq>");
        await entered.Task;

        var waiting = server.Time.NextTimerAsync();
        var stopped = server.Server.StopAsync();
        await waiting;
        server.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(stopped.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await stopped;

        await server.DisposeAsync();
        Assert.True(cancelled.Task.IsCompleted);
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.SystemShutdown);
    }
}
