using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133 §4.30, §4.31.</summary>
public sealed class ServiceEndTests
{
    [Theory]
    [InlineData("shutdown", ServerEnd.ShutDown, "The service shuts down in 60 s.")]
    [InlineData("restart", ServerEnd.Restart, "The service restarts in 60 s.")]
    public async Task The_service_ends_after_a_while_and_a_word(string command, ServerEnd end, string note)
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.ConnectAsync("bard");
        var (juliet, romeo) = (await server.LoginAsync("juliet"), await server.LoginAsync("romeo@other"));

        var answer = await bard.AdministerAsync(command, Given("delay", "60"), Given("announcement", "Curtain!"));

        Assert.Equal(note, answer.Command("completed").Note());
        foreach (var client in new[] { juliet, romeo })
            Assert.Equal("Curtain!", (await client.ReadAsync()).Elements.Single().Text);
        server.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(server.Server.EndAsked.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(end, await server.Server.EndAsked);
        // What its owner then does:
        await server.Server.StopAsync();
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.SystemShutdown);
    }

    [Fact]
    public async Task Without_a_delay_the_administrator_still_gets_the_answer()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await bard.AdministerAsync("shutdown")).Command("completed");

        Assert.False(server.Server.EndAsked.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ServerEnd.ShutDown, await server.Server.EndAsked);
    }

    [Fact]
    public async Task Who_asks_again_changes_what_was_asked_before()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        (await bard.AdministerAsync("shutdown", Given("delay", "30"))).Command("completed");

        (await bard.AdministerAsync("restart", Given("delay", "300"))).Command("completed");

        server.Time.Advance(TimeSpan.FromSeconds(299));
        Assert.False(server.Server.EndAsked.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ServerEnd.Restart, await server.Server.EndAsked);
    }

    [Fact]
    public async Task The_delay_is_one_of_those_offered()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await bard.AdministerAsync("shutdown", Given("delay", "31")))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
    }
}
