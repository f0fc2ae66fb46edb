using System.Net;
using System.Net.Sockets;
using Xmpp.Server.Federation;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What becomes of stanzas on their way between servers when one of them is stopped, or killed.</summary>
public sealed class FederationRestartTests : IDisposable
{
    private const string Capulet = "capulet.example";
    private const string Montague = "montague.example";

    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_waits_is_brought_over_by_the_next_process(bool isKilled)
    {
        await using var capulet = await StartAsync(Capulet);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        _network.Publish(Montague, ((IPEndPoint)silent.LocalEndPoint!).Port);
        await using (var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony"))
        {
            await juliet.SendAsync($"<message to='romeo@{Montague}/orchard' id='1'/><message to='romeo@{Montague}/orchard' id='2'/>");
            await juliet.SendAsync($"<iq type='get' id='p' to='{Capulet}'><ping xmlns='urn:xmpp:ping'/></iq>");
            Assert.Equal("p", (await juliet.ReadAsync())["id"]);
        }
        using var accepted = await silent.AcceptAsync(TestContext.Current.CancellationToken);
        var stopping = capulet.Server.Context.Federation;
        var restarted = capulet.RestartAsync(isKilled);
        await Eventually.UntilAsync(() => stopping.IsStopping);
        accepted.Close();
        await restarted;

        await using var montague = await StartAsync(Montague);
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        capulet.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        Assert.Equal("2", (await romeo.ReadAsync())["id"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_other_server_has_handled_it_knows_after_a_restart(bool isKilled)
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague);
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        // Not acknowledged yet, and counted when this is answered.
        var link = Assert.Single(capulet.Server.Context.Federation.Links);
        Assert.False(link.IsIdle);
        await CountedAsync(montague);

        await montague.RestartAsync(isKilled);
        await LostAsync(link);
        _network.Publish(Montague, montague.Server.Listeners.Single().EndPoint.Port);
        romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        capulet.Time.Advance(capulet.Options.S2s.RetryAfter + TimeSpan.FromSeconds(1));
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='2'/>");
        Assert.Equal("2", (await romeo.ReadAsync())["id"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_process_goes_on_with_the_stream_of_the_one_before(bool isKilled)
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague);
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        await using (var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony"))
        {
            await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
            Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        }
        await CountedAsync(montague);

        await capulet.RestartAsync(isKilled);

        capulet.Time.Advance(TimeSpan.FromSeconds(2));
        var again = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        await again.SendAsync($"<message to='{romeo.Jid}' id='2'/>");
        Assert.Equal("2", (await romeo.ReadAsync())["id"]);
    }

    private Task<TestServer> StartAsync(string domain) => _network.StartAsync(domain, options => options with
    {
        StreamManagement = options.StreamManagement with
        {
            Journal = new JournalOptions
            {
                File = Path.Combine(_network.Certificates, $"{domain}.journal"),
                Bytes = 32 * 1024 * 1024,
            },
        },
    });

    /// <summary>A stanza counts when its handler is done, a moment after its recipient has it.</summary>
    private static Task CountedAsync(TestServer server) =>
        Eventually.UntilAsync(() => server.Server.Context.Federation.Sessions.Handled > 0);

    private static Task LostAsync(OutgoingLink link) => Eventually.UntilAsync(() => link.Stream is null);
}
