using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What this server says on a stream that it makes, to a server that the test plays.</summary>
public sealed class OutgoingStreamTests : IDisposable
{
    private const string Local = "capulet.example";
    private const string Remote = "montague.example";
    private const string StartTls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    private const string External = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>";
    private const string Header = $"from='{Remote}' to='{Local}' id='D60000229F'";

    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Fact]
    public async Task STARTTLS_EXTERNAL_and_then_what_waited()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network, Remote);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");

        var peer = await played.AcceptAsync();
        await peer.Client.AnswerServerAsync(Header, StartTls);
        Assert.Equal((Local, Remote, "1.0"), (peer.Client.ServerHeader!.From, peer.Client.ServerHeader.To, peer.Client.ServerHeader.Version));
        await peer.Client.ExpectAsync(StartTls);
        await peer.SecureAsync();
        Assert.Equal(Remote, peer.Tls!.ServerName);
        Assert.Contains(Local, Core.Sasl.ServerIdentities.Of(peer.Tls.PeerCertificate!));
        await peer.Client.AnswerServerAsync(Header, External);
        await peer.Client.ExpectAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='EXTERNAL'>Y2FwdWxldC5leGFtcGxl</auth>");
        await peer.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await peer.Client.AnswerServerAsync(Header, "");
        await peer.Client.ExpectAsync($"<message from='{juliet.Jid}' to='romeo@{Remote}' id='1'/>");
        await peer.Client.SendAsync("</stream:stream>");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>", "")]
    [InlineData(External, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")]
    public async Task Where_EXTERNAL_does_not_do_dialback_may(string features, string failure)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network, Remote);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, features);
        if (failure.Length > 0)
        {
            Assert.Equal("auth", (await peer.Client.ReadAsync()).Name.Local);
            await peer.Client.SendAsync(failure);
        }
        var result = await peer.Client.ReadAsync();
        Assert.Equal(("jabber:server:dialback", "result", Local, Remote), (result.Name.Namespace, result.Name.Local, result["from"], result["to"]));
        Assert.True(server.Server.Context.Federation.Keys.IsValid(result.Text, Remote, Local, "D60000229F"));
        await peer.Client.SendAsync($"<db:result from='{Remote}' to='{Local}' type='valid'/>");
        await peer.Client.ExpectAsync($"<message from='{juliet.Jid}' to='romeo@{Remote}' id='1'/>");
    }

    [Theory]
    [InlineData("type='invalid'/>", StanzaErrorCondition.InternalServerError)]
    [InlineData("type='error'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
        StanzaErrorCondition.RemoteServerTimeout)]
    public async Task Senders_are_told_what_dialback_came_to(string answer, StanzaErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network, Remote);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, "");
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<db:result from='{Remote}' to='{Local}' {answer}");
        await juliet.ExpectErrorAsync(condition);
    }

    [Theory]
    [InlineData($"from='verona.example' to='{Local}' id='1'", "", StanzaErrorCondition.RemoteServerTimeout)]
    [InlineData(Header, "", StanzaErrorCondition.RemoteServerTimeout)]
    [InlineData(Header, "</stream:features><stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream><x>",
        StanzaErrorCondition.RemoteServerNotFound)]
    [InlineData(Header, "</stream:features><stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream><x>",
        StanzaErrorCondition.RemoteServerTimeout)]
    public async Task A_server_that_is_another_one_or_does_not_want_is_not_talked_to(
        string header, string features, StanzaErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network, Remote);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptAsync();
        await peer.Client.AnswerServerAsync(header, features.Length > 0 ? StartTls + features : "");
        await juliet.ExpectErrorAsync(condition);
    }

    [Theory]
    [InlineData("<message from='romeo@montague.example' to='juliet@capulet.example'/>", StreamErrorCondition.NotAuthorized)]
    [InlineData("<db:result from='montague.example' to='capulet.example' type='valid'/>", StreamErrorCondition.PolicyViolation)]
    [InlineData("<db:verify from='montague.example' to='capulet.example' id='1' type='valid'/>", StreamErrorCondition.PolicyViolation)]
    [InlineData("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", StreamErrorCondition.UnsupportedStanzaType)]
    public async Task What_nobody_asked_for_ends_the_stream(string element, StreamErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network, Remote);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptSecuredAsync();
        await peer.Client.AnswerServerAsync(Header, External);
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await peer.Client.AnswerServerAsync(Header, "");
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync(element);
        Assert.Equal(StreamError.WireName(condition), (await peer.Client.ReadAsync()).Elements.First().Name.Local);
    }

    [Fact]
    public async Task Data_behind_proceed_ends_the_stream()
    {
        await using var server = await _network.StartAsync(Local);
        await using var played = new PlayedServer(_network, Remote);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Remote}' id='1'/>");
        var peer = await played.AcceptAsync();
        await peer.Client.AnswerServerAsync(Header, StartTls);
        await peer.Client.ReadAsync();
        await peer.Client.SendAsync($"<proceed xmlns='{Namespaces.Tls}'/><stream:features/>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout);
    }

    /// <summary>A listener that the DNS leads to, with the domain's certificate and nothing behind it.</summary>
    private sealed class PlayedServer : IAsyncDisposable
    {
        private readonly System.Threading.Channels.Channel<Connection> _accepted = System.Threading.Channels.Channel.CreateUnbounded<Connection>();
        private readonly List<Connection> _connections = [];
        private readonly SocketListener _listener;
        private readonly TlsServer _tls;

        public PlayedServer(TestNetwork network, string domain)
        {
            DevelopmentCertificates.CreateMissing(network.Certificates, [domain], new ManualTime());
            _tls = TlsServer.Create(new TlsServerOptions
            {
                Certificates = [new(domain, Path.Combine(network.Certificates, $"{domain}.crt"), Path.Combine(network.Certificates, $"{domain}.key"))],
                RequestClientCertificate = true,
            });
            _listener = new SocketListener(
                new() { EndPoint = new(IPAddress.Loopback, 0) }, _ => true,
                async connection => await _accepted.Writer.WriteAsync(connection), NullLogger.Instance);
            _listener.Start();
            network.Publish(domain, _listener.LocalEndPoint.Port);
        }

        public async Task<Played> AcceptAsync()
        {
            var connection = await _accepted.Reader.ReadAsync(TestContext.Current.CancellationToken);
            _connections.Add(connection);
            return new(connection, new TestClient(connection, Task.CompletedTask), _tls);
        }

        public async Task<Played> AcceptSecuredAsync()
        {
            var played = await AcceptAsync();
            await played.Client.AnswerServerAsync(Header, StartTls);
            await played.Client.ReadAsync();
            await played.SecureAsync();
            return played;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var connection in _connections)
                connection.Abort("the test is over");
            await _listener.DisposeAsync();
            _tls.Dispose();
        }
    }

    private sealed record Played(Connection Connection, TestClient Client, TlsServer TlsServer)
    {
        public TlsInfo? Tls => Connection.Tls;

        public async Task SecureAsync()
        {
            await Client.SendAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
            await Connection.StartTlsAsync(TlsServer, TestContext.Current.CancellationToken);
        }
    }
}
