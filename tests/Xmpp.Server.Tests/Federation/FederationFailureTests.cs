using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What senders are told when another server can't be reached, or isn't trusted.</summary>
public sealed class FederationFailureTests : IDisposable
{
    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("<message to='romeo@{0}' id='1'><body>1</body></message>")]
    [InlineData("<iq type='get' to='romeo@{0}/x' id='1'><query xmlns='urn:x'/></iq>")]
    [InlineData("<presence to='romeo@{0}' id='1'/>")]
    [InlineData("<presence to='romeo@{0}' id='1' type='subscribe'/>")]
    public async Task Of_a_domain_that_is_not_in_the_DNS_senders_are_told_so(string stanza)
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync(stanza.Replace("{0}", "nowhere.example", StringComparison.Ordinal));
        var error = await ReadErrorAsync(juliet);
        Assert.Equal((StanzaErrorCondition.RemoteServerNotFound, StanzaErrorType.Cancel), (error.Condition, error.Type));
    }

    [Fact]
    public async Task Ten_thousand_domains_are_as_many_as_may_be_and_forgotten_again()
    {
        const int many = 10_000;
        await using var capulet = await _network.StartAsync("capulet.example");
        Assert.Equal(many, capulet.Options.S2s.MaxLinks);
        var federation = capulet.Server.Context.Federation;
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        for (var i = 0; i < many; i += 100)
        {
            for (var j = i; j < i + 100; j++)
                await juliet.SendAsync($"<message to='a@d{j}.example' id='{j}'/>");
            for (var j = i; j < i + 100; j++)
                await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound);
        }
        Assert.Equal(many, federation.Links.Count());
        await juliet.SendAsync("<message to='a@further.example' id='1'/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);

        capulet.Time.Advance(capulet.Options.S2s.RetryAfter + TimeSpan.FromSeconds(2));
        Assert.Empty(federation.Links);
        await juliet.SendAsync("<message to='a@further.example' id='2'/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound);
    }

    [Fact]
    public async Task A_DNS_that_does_not_answer_is_no_proof()
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        _network.Break("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync("<message to='romeo@montague.example' id='1'><body>1</body></message>");
        var error = await ReadErrorAsync(juliet);
        Assert.Equal((StanzaErrorCondition.RemoteServerTimeout, StanzaErrorType.Wait), (error.Condition, error.Type));
    }

    [Fact]
    public async Task Where_nobody_listens_all_that_waits_is_returned_in_order_and_nothing_is_tried_for_a_while()
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _network.Publish("montague.example", ((IPEndPoint)closed.LocalEndPoint!).Port);
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync("<message to='a@montague.example' id='1'/><message to='b@montague.example' id='2'/>");
        Assert.Equal("1", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
        Assert.Equal("2", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);

        await juliet.SendAsync("<message to='a@montague.example' id='3'/>");
        Assert.Equal("3", (await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))["id"]);
        // Somebody listens by now.
        await using var montague = await _network.StartAsync("montague.example");
        var romeo = await montague.LoginAsync("romeo@montague.example", "x");
        capulet.Time.Advance(capulet.Options.S2s.RetryAfter + TimeSpan.FromSeconds(1));
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='4'/>");
        Assert.Equal("4", (await romeo.ReadAsync())["id"]);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_not_waited_for()
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        _network.Publish("montague.example", ((IPEndPoint)silent.LocalEndPoint!).Port);
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync("<message to='a@montague.example' id='1'/>");
        using var accepted = await silent.AcceptAsync(TestContext.Current.CancellationToken);
        await accepted.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);
        capulet.Time.Advance(capulet.Options.S2s.ConnectTimeout + TimeSpan.FromSeconds(1));
        await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout);
    }

    [Fact]
    public async Task More_than_the_queue_holds_is_refused_at_once()
    {
        await using var capulet = await _network.StartAsync(
            "capulet.example", options => options with { S2s = options.S2s with { QueueStanzas = 10 } });
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        _network.Publish("montague.example", ((IPEndPoint)silent.LocalEndPoint!).Port);
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        for (var i = 1; i <= 11; i++)
            await juliet.SendAsync($"<message to='a@montague.example' id='{i}'/>");
        Assert.Equal("11", (await juliet.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
    }

    [Fact]
    public async Task Hosts_that_do_not_federate_say_so()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.LoginAsync("juliet");
        await juliet.SendAsync("<message to='romeo@montague.example' id='1'/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound);
        Assert.Null(server.Server.Context.Current.Federation);
    }

    [Theory]
    [InlineData("*", "", StanzaErrorCondition.NotAllowed)]
    [InlineData("montague.example", "", StanzaErrorCondition.NotAllowed)]
    [InlineData("", "*.example.org,verona.example", StanzaErrorCondition.NotAllowed)]
    [InlineData("other.example", "*.example", StanzaErrorCondition.RemoteServerNotFound)]
    public async Task Nobody_is_talked_to_whom_the_operator_does_not_want(string deny, string allow, StanzaErrorCondition condition)
    {
        await using var capulet = await _network.StartAsync("capulet.example", options => options with
        {
            S2s = options.S2s with
            {
                Deny = deny.Split(',', StringSplitOptions.RemoveEmptyEntries),
                Allow = allow.Split(',', StringSplitOptions.RemoveEmptyEntries),
            },
        });
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync("<message to='romeo@montague.example' id='1'/>");
        await juliet.ExpectErrorAsync(condition);
    }

    public static TheoryData<string, string> BadCertificates => new()
    {
        { "expired", "expired on 2025-06-01" },
        { "other", "is for other.example, not for montague.example" },
        { "self-signed", "is self-signed" },
    };

    [Theory]
    [MemberData(nameof(BadCertificates))]
    public async Task A_server_whose_certificate_is_bad_is_refused_and_the_reason_given(string kind, string reason)
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        _network.Replace("montague.example", Make(kind, capulet.Time.GetUtcNow()));
        await using var montague = await _network.StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync("<message to='romeo@montague.example' id='1'/>");
        var error = StanzaError.Parse(await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))!;
        Assert.Contains(reason, error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadCertificates))]
    public async Task Dialback_does_where_the_operators_of_both_let_it(string kind, string reason)
    {
        Assert.NotEmpty(reason);
        await using var capulet = await _network.StartAsync("capulet.example", AllowDialback);
        _network.Replace("montague.example", Make(kind, capulet.Time.GetUtcNow()));
        await using var montague = await _network.StartAsync("montague.example", AllowDialback);
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        Assert.Equal("EXTERNAL", Assert.Single(capulet.Server.Context.Federation.Links).Stream!.AuthorizedBy);
        Assert.Equal("dialback", Assert.Single(montague.Server.Context.Federation.Links).Stream!.AuthorizedBy);
    }

    [Fact]
    public async Task A_certificate_for_servers_only_does_in_both_directions()
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        var now = capulet.Time.GetUtcNow();
        _network.Replace("montague.example", _network.Issue("montague.example", now.AddDays(-1), now.AddDays(1)));
        await using var montague = await _network.StartAsync("montague.example");
        var juliet = await capulet.LoginAsync("juliet@capulet.example", "balcony");
        var romeo = await montague.LoginAsync("romeo@montague.example", "orchard");
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
        Assert.Equal("EXTERNAL", Assert.Single(montague.Server.Context.Federation.Links).Stream!.AuthorizedBy);
    }

    [Fact]
    public async Task What_waits_when_the_server_stops_is_returned()
    {
        await using var capulet = await _network.StartAsync("capulet.example");
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        _network.Publish("montague.example", ((IPEndPoint)silent.LocalEndPoint!).Port);
        var juliet = await capulet.LoginAsync("juliet@capulet.example");
        await juliet.SendAsync("<message to='a@montague.example' id='1'/>");
        using var accepted = await silent.AcceptAsync(TestContext.Current.CancellationToken);
        var stopped = capulet.Server.StopAsync();
        await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout);
        accepted.Close();
        await juliet.ReadOrEndAsync();
        await stopped;
    }

    private X509Certificate2 Make(string kind, DateTimeOffset now) => kind switch
    {
        "expired" => _network.Issue("montague.example", new(2025, 5, 1, 0, 0, 0, TimeSpan.Zero), new(2025, 6, 1, 0, 0, 0, TimeSpan.Zero)),
        "other" => _network.Issue("other.example", now.AddDays(-1), now.AddDays(1)),
        _ => TestNetwork.IssueSelfSigned("montague.example", now.AddDays(-1), now.AddDays(1)),
    };

    private static ServerOptions AllowDialback(ServerOptions options) =>
        options with { S2s = options.S2s with { Dialback = ["montague.example"] } };

    private static async Task<StanzaError> ReadErrorAsync(TestClient client)
    {
        while (true)
        {
            if (StanzaError.Parse(await client.ReadAsync()) is { } error)
                return error;
        }
    }
}
