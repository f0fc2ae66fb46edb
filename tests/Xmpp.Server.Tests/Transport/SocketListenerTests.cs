using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

[Collection(TransportCollection.Name)]
public sealed class SocketListenerTests : IAsyncDisposable
{
    private const int Timeout = 60_000;

    private readonly Channel<Connection> _handled = Channel.CreateUnbounded<Connection>();
    private readonly Channel<IPEndPoint> _asked = Channel.CreateUnbounded<IPEndPoint>();
    private readonly RecordingLogger _log = new();
    private readonly ManualTime _time = new();
    private readonly List<Socket> _clients = [];
    private SocketListener? _listener;
    private bool _admits = true;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        _clients.ForEach(client => client.Dispose());
        while (_handled.Reader.TryRead(out var connection))
            connection.Abort("the test is over");
    }

    [Fact(Timeout = Timeout)]
    public async Task A_port_in_use_is_named()
    {
        var taken = Start();
        await using var second = new SocketListener(new() { EndPoint = taken }, _ => true, _ => Task.CompletedTask, _log);

        var exception = Assert.Throws<ListenException>(second.Start);

        Assert.Equal(taken, exception.EndPoint);
        Assert.Equal($"Port {taken.Port} on 127.0.0.1 is in use by another program.", exception.Message);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_foreign_address_is_named()
    {
        await using var listener = new SocketListener(
            new() { EndPoint = new(IPAddress.Parse("192.0.2.1"), 5222) }, _ => true, _ => Task.CompletedTask, _log);
        var exception = Assert.Throws<ListenException>(listener.Start);
        Assert.Contains("5222", exception.Message, StringComparison.Ordinal);
        Assert.Contains("192.0.2.1 is not an address of this machine", exception.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Timeout)]
    public async Task The_any_address_of_IPv6_serves_IPv4_as_well()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "there is no IPv6 here");
        var port = Start(options => options with { EndPoint = new(IPAddress.IPv6Any, 0) }).Port;

        var overIpv4 = await ConnectAsync(new(IPAddress.Loopback, port));
        var first = await _handled.Reader.ReadAsync(Stop);
        var overIpv6 = await ConnectAsync(new(IPAddress.IPv6Loopback, port));
        var second = await _handled.Reader.ReadAsync(Stop);

        // Not as an address mapped into IPv6: limits and logs are by the real one.
        Assert.Equal(overIpv4.LocalEndPoint, first.RemoteEndPoint);
        Assert.Equal(overIpv6.LocalEndPoint, second.RemoteEndPoint);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_connection_that_is_not_admitted_is_dropped_at_once()
    {
        _admits = false;
        await AssertDroppedAsync(Start());

        Assert.Equal(IPAddress.Loopback, (await _asked.Reader.ReadAsync(Stop)).Address);
        Assert.False(_handled.Reader.TryRead(out _));
    }

    [Fact(Timeout = Timeout)]
    public async Task A_handler_that_waits_does_not_stop_others_from_being_accepted()
    {
        var release = new TaskCompletionSource();
        var endPoint = Start(handle: async connection =>
        {
            await _handled.Writer.WriteAsync(connection);
            await release.Task;
        });

        for (var i = 0; i < 4; i++)
        {
            await ConnectAsync(endPoint);
            await _asked.Reader.ReadAsync(Stop);
        }

        release.SetResult();
    }

    [Fact(Timeout = Timeout)]
    public async Task A_handler_that_throws_costs_its_connection_only()
    {
        var endPoint = Start(handle: _ => throw new InvalidOperationException("a bug"));
        await AssertDroppedAsync(endPoint);
        await AssertDroppedAsync(endPoint);
        Assert.All(_log.Messages, message => Assert.StartsWith("Error: The connection from 127.0.0.1:", message, StringComparison.Ordinal));
        Assert.Equal(2, _log.Messages.Count);
    }

    [Fact(Timeout = Timeout)]
    public async Task Accepting_pauses_and_goes_on_when_descriptors_run_out()
    {
        var failures = 3;
        var endPoint = Start(accept: async (listener, cancellationToken) =>
        {
            if (failures > 0)
            {
                failures--;
                throw new SocketException((int)SocketError.TooManyOpenSockets);
            }
            return await listener.AcceptAsync(cancellationToken);
        });
        var client = await ConnectAsync(endPoint);

        for (var i = 0; i < 3; i++)
        {
            Assert.True(SpinWait.SpinUntil(() => _time.TimerCount == 1, Timeout));
            Assert.Equal(i + 1, _log.Messages.Count);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(client.LocalEndPoint, (await _handled.Reader.ReadAsync(Stop)).RemoteEndPoint);
        var expected = $"Error: Can't accept connections on {endPoint.Address}";
        Assert.All(_log.Messages, message => Assert.StartsWith(expected, message, StringComparison.Ordinal));
    }

    [Fact(Timeout = Timeout)]
    public async Task Some_descriptors_are_kept_for_other_uses()
    {
        var limit = 0;
        var endPoint = Start(descriptorLimit: () => limit);
        await AssertDroppedAsync(endPoint);
        Assert.True(SpinWait.SpinUntil(() => _time.TimerCount == 1, Timeout));
        Assert.Contains("too many open files", Assert.Single(_log.Messages), StringComparison.Ordinal);

        limit = int.MaxValue;
        var client = await ConnectAsync(endPoint);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(client.LocalEndPoint, (await _handled.Reader.ReadAsync(Stop)).RemoteEndPoint);
    }

    [Fact(Timeout = Timeout)]
    public async Task Dispose_stops_accepting_and_leaves_connections_alone()
    {
        var endPoint = Start();
        var client = await ConnectAsync(endPoint);
        var server = await _handled.Reader.ReadAsync(Stop);

        await _listener!.DisposeAsync();
        _listener = null;

        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(endPoint));
        await client.SendAsync("still here"u8.ToArray(), Stop);
        Assert.Equal("still here"u8.ToArray(), (await server.ReadAsync()).ToArray());
        server.Advance("still here".Length);
        server.Abort("the test is over");
    }

    [Fact(Timeout = Timeout)]
    public async Task Keep_alive_is_set_on_accepted_sockets()
    {
        var endPoint = Start(
            options => options with { KeepAlive = new(TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(7), 4) },
            accept: async (listener, cancellationToken) =>
            {
                var socket = await listener.AcceptAsync(cancellationToken);
                _clients.Add(socket);
                return socket;
            });
        await ConnectAsync(endPoint);
        await _handled.Reader.ReadAsync(Stop);

        var accepted = _clients.Single(socket => socket.LocalEndPoint!.Equals(endPoint));
        Assert.Equal(1, accepted.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(90, accepted.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
        Assert.Equal(7, accepted.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
        Assert.Equal(4, accepted.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
        Assert.True(accepted.NoDelay);
    }

    [Theory(Timeout = Timeout)]
    [InlineData("2111000CC0000201C63364020FA01466", "192.0.2.1:4000")]
    [InlineData("20000000", null)]
    public async Task A_trusted_proxy_says_whom_it_stands_for(string header, string? peer)
    {
        var client = await ConnectAsync(StartBehindProxy(IPNetwork.Parse("127.0.0.0/8")));
        // The stream may begin in the same segment as the header.
        await client.SendAsync((byte[])[.. Convert.FromHexString(ProxyProtocolTests.Signature + header), .. "<stream>"u8], Stop);

        var server = await _handled.Reader.ReadAsync(Stop);

        Assert.Equal(peer is null ? client.LocalEndPoint : IPEndPoint.Parse(peer), server.RemoteEndPoint);
        Assert.Equal(server.RemoteEndPoint, await _asked.Reader.ReadAsync(Stop));
        var given = await server.ReadAsync();
        Assert.Equal("<stream>"u8.ToArray(), given.ToArray());
        server.Advance(given.Length);
        server.Abort("the test is over");
    }

    [Fact(Timeout = Timeout)]
    public async Task Peers_that_are_no_proxy_need_no_header()
    {
        var client = await ConnectAsync(StartBehindProxy(IPNetwork.Parse("192.0.2.0/24")));
        Assert.Equal(client.LocalEndPoint, (await _handled.Reader.ReadAsync(Stop)).RemoteEndPoint);
    }

    [Fact(Timeout = Timeout)]
    public async Task The_peer_behind_a_proxy_can_be_refused()
    {
        _admits = false;
        var client = await ConnectAsync(StartBehindProxy(IPNetwork.Parse("127.0.0.0/8")));
        await client.SendAsync(Convert.FromHexString(ProxyProtocolTests.Signature + "2111000CC0000201C63364020FA01466"), Stop);
        await AssertDroppedAsync(client);
        Assert.False(_handled.Reader.TryRead(out _));
    }

    [Fact(Timeout = Timeout)]
    public async Task A_proxy_with_a_malformed_header_is_dropped()
    {
        var client = await ConnectAsync(StartBehindProxy(IPNetwork.Parse("127.0.0.0/8")));
        await client.SendAsync("<?xml version='1.0'?><stream:stream>"u8.ToArray(), Stop);
        await AssertDroppedAsync(client);
        Assert.Contains("no PROXY v2 signature", Assert.Single(_log.Messages), StringComparison.Ordinal);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_proxy_that_goes_in_the_middle_of_its_header_is_dropped()
    {
        var client = await ConnectAsync(StartBehindProxy(IPNetwork.Parse("127.0.0.0/8")));
        await client.SendAsync(Convert.FromHexString(ProxyProtocolTests.Signature), Stop);
        client.Shutdown(SocketShutdown.Send);
        await AssertDroppedAsync(client);
        Assert.Contains("ended in the PROXY header", Assert.Single(_log.Messages), StringComparison.Ordinal);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_proxy_that_says_nothing_is_dropped_in_time()
    {
        var client = await ConnectAsync(StartBehindProxy(IPNetwork.Parse("127.0.0.0/8")));
        Assert.True(SpinWait.SpinUntil(() => _time.TimerCount == 1, Timeout));
        _time.Advance(TimeSpan.FromSeconds(5));
        await AssertDroppedAsync(client);
        Assert.Contains("it took too long", Assert.Single(_log.Messages), StringComparison.Ordinal);
    }

    private IPEndPoint StartBehindProxy(IPNetwork trusted) => Start(options => options with { TrustedProxies = [trusted] });

    private IPEndPoint Start(
        Func<SocketListenerOptions, SocketListenerOptions>? with = null,
        Func<Connection, Task>? handle = null,
        Func<Socket, CancellationToken, ValueTask<Socket>>? accept = null,
        Func<int>? descriptorLimit = null)
    {
        var options = new SocketListenerOptions
        {
            EndPoint = new(IPAddress.Loopback, 0),
            Connection = new() { TimeProvider = _time },
        };
        bool Admit(IPEndPoint peer) => _asked.Writer.TryWrite(peer) && _admits;
        handle ??= connection => _handled.Writer.WriteAsync(connection).AsTask();
        _listener = new SocketListener(with?.Invoke(options) ?? options, Admit, handle, _log)
        {
            Accept = accept ?? ((listener, cancellationToken) => listener.AcceptAsync(cancellationToken)),
            DescriptorLimit = descriptorLimit ?? (() => int.MaxValue),
        };
        _listener.Start();
        return _listener.LocalEndPoint;
    }

    private async Task<Socket> ConnectAsync(IPEndPoint endPoint)
    {
        var client = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        await client.ConnectAsync(endPoint, Stop);
        return client;
    }

    /// <summary>The reset may come before the client has noticed that it is connected.</summary>
    private async Task AssertDroppedAsync(IPEndPoint endPoint)
    {
        var exception = await Assert.ThrowsAsync<SocketException>(
            async () => await (await ConnectAsync(endPoint)).ReceiveAsync(new byte[1], Stop));
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
    }

    private static async Task AssertDroppedAsync(Socket client)
    {
        var exception = await Assert.ThrowsAsync<SocketException>(async () => await client.ReceiveAsync(new byte[1], Stop));
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
    }
}
