using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Core;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>A listener that the DNS leads to, with the domain's certificate and nothing behind it.</summary>
internal sealed class PlayedServer : IAsyncDisposable
{
    public const string Local = "capulet.example";
    public const string Remote = "montague.example";
    public const string StartTls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    public const string External = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>";
    public const string Header = $"from='{Remote}' to='{Local}' id='D60000229F'";

    private readonly Channel<Connection> _accepted = Channel.CreateUnbounded<Connection>();
    private readonly List<Connection> _connections = [];
    private readonly SocketListener _listener;
    private readonly TlsServer _tls;

    public PlayedServer(TestNetwork network)
    {
        DevelopmentCertificates.CreateMissing(network.Certificates, [Remote], new ManualTime());
        _tls = TlsServer.Create(new TlsServerOptions
        {
            Certificates = [new(Remote, Path.Combine(network.Certificates, $"{Remote}.crt"), Path.Combine(network.Certificates, $"{Remote}.key"))],
            RequestClientCertificate = true,
        });
        _listener = new SocketListener(
            new() { EndPoint = new(IPAddress.Loopback, 0) }, _ => true,
            async connection => await _accepted.Writer.WriteAsync(connection), NullLogger.Instance);
        _listener.Start();
        network.Publish(Remote, _listener.LocalEndPoint.Port);
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

    /// <param name="enabled">Attributes of what it answers to <c>&lt;enable/&gt;</c>.</param>
    public async Task<Played> AcceptManagedAsync(string enabled = "")
    {
        var played = await AcceptAuthenticatedAsync();
        await played.Client.ExpectAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        await played.Client.SendAsync($"<enabled xmlns='urn:xmpp:sm:3' {enabled}/>");
        return played;
    }

    /// <param name="features">That it offers behind authentication.</param>
    public async Task<Played> AcceptAuthenticatedAsync(string features = "<sm xmlns='urn:xmpp:sm:3'/>")
    {
        var played = await AcceptSecuredAsync();
        await played.Client.AnswerServerAsync(Header, External);
        await played.Client.ReadAsync();
        await played.Client.SendAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await played.Client.AnswerServerAsync(Header, features);
        return played;
    }

    public async ValueTask DisposeAsync()
    {
        // First, so that nobody comes back to it.
        await _listener.DisposeAsync();
        foreach (var connection in _connections)
            connection.Abort("the test is over");
        _tls.Dispose();
    }
}

/// <summary>What comes by a connection that this server has made.</summary>
internal sealed record Played(Connection Connection, TestClient Client, TlsServer TlsServer)
{
    public TlsInfo? Tls => Connection.Tls;

    public async Task SecureAsync()
    {
        await Client.SendAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        await Connection.StartTlsAsync(TlsServer, TestContext.Current.CancellationToken);
    }
}
