using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Server.Web.Framing;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>WebSocket byte by byte (RFC 6455).</summary>
public sealed class WebSocketFrameTests
{
    private const string Open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public void Heads_and_masks_are_read_as_they_were_written(int length)
    {
        var payload = RandomNumberGenerator.GetBytes(length);
        var frame = Frame(WebSocketOpcode.Text, payload);

        for (var cut = 0; cut < Math.Min(frame.Length - length, frame.Length); cut++)
        {
            Assert.True(WebSocketFrame.TryRead(frame.AsSpan(0, cut), out var partial));
            Assert.Null(partial);
        }
        Assert.True(WebSocketFrame.TryRead(frame, out var read));
        Assert.Equal((WebSocketOpcode.Text, true, length, frame.Length - length), (read!.Value.Opcode, read.Value.IsFinal, (int)read.Value.Length, read.Value.HeadLength));
        read.Value.Unmask(frame.AsSpan(read.Value.HeadLength));
        Assert.Equal(payload, frame[read.Value.HeadLength..]);
    }

    [Theory]
    [InlineData(0xC1, 0x80)] // a reserved bit
    [InlineData(0x81, 0x05)] // not masked
    [InlineData(0x83, 0x80)] // an unknown opcode
    [InlineData(0x8B, 0x80)]
    [InlineData(0x09, 0x80)] // a ping in fragments
    [InlineData(0x89, 0xFE)] // a long ping
    public void What_breaks_a_rule_is_refused(int first, int second) =>
        Assert.False(WebSocketFrame.TryRead([(byte)first, (byte)second, 0, 0, 0, 0, 0, 0], out _));

    [Fact]
    public void A_length_has_no_sign() =>
        Assert.False(WebSocketFrame.TryRead([0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], out _));

    [Fact]
    public async Task Messages_may_come_in_any_pieces_with_pings_between_them()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var peer = await Peer.ConnectAsync(server);
        var open = Encoding.UTF8.GetBytes(Open);

        byte[] all =
        [
            .. Frame(WebSocketOpcode.Ping, "1"u8.ToArray()), .. Frame(WebSocketOpcode.Text, open[..10], isFinal: false),
            .. Frame(WebSocketOpcode.Ping, "2"u8.ToArray()), .. Frame(WebSocketOpcode.Continuation, open[10..20], isFinal: false),
            .. Frame(WebSocketOpcode.Pong, []), .. Frame(WebSocketOpcode.Continuation, open[20..]),
        ];
        foreach (var octet in all)
            await peer.SendAsync([octet]);

        Assert.Equal((WebSocketOpcode.Pong, "1"), await peer.ReadAsync());
        Assert.Equal((WebSocketOpcode.Pong, "2"), await peer.ReadAsync());
        var (opcode, text) = await peer.ReadAsync();
        Assert.Equal(WebSocketOpcode.Text, opcode);
        Assert.StartsWith("<open ", text, StringComparison.Ordinal);
        Assert.StartsWith("<stream:features ", (await peer.ReadAsync()).Text, StringComparison.Ordinal);

        await peer.SendAsync(Frame(WebSocketOpcode.Close, [3, 232]));
        Assert.Equal((WebSocketOpcode.Close, 1000), await peer.ReadCloseAsync());
        Assert.True(await peer.IsAtEndAsync());
    }

    [Theory]
    [InlineData(WebSocketOpcode.Binary, true, 1003)]
    [InlineData(WebSocketOpcode.Continuation, true, 1002)]
    public async Task What_is_no_text_ends_the_WebSocket(object opcode, bool isFinal, int code)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var peer = await Peer.ConnectAsync(server);

        await peer.SendAsync(Frame((WebSocketOpcode)opcode, "<a/>"u8.ToArray(), isFinal));

        Assert.Equal((WebSocketOpcode.Close, code), await peer.ReadCloseAsync());
    }

    [Fact]
    public async Task A_message_ends_before_the_next_begins()
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var peer = await Peer.ConnectAsync(server);

        await peer.SendAsync([.. Frame(WebSocketOpcode.Text, "<a"u8.ToArray(), isFinal: false), .. Frame(WebSocketOpcode.Text, "/>"u8.ToArray())]);

        Assert.Equal((WebSocketOpcode.Close, 1002), await peer.ReadCloseAsync());
    }

    private static byte[] Frame(WebSocketOpcode opcode, byte[] payload, bool isFinal = true)
    {
        var head = new byte[WebSocketFrame.LongestHead];
        var length = WebSocketFrame.WriteHead(head, opcode, payload.Length);
        head[0] = (byte)((isFinal ? 0x80 : 0) | (int)opcode);
        head[1] |= 0x80;
        byte[] mask = [1, 2, 3, 250];
        return [.. head.AsSpan(0, length), .. mask, .. payload.Select((octet, index) => (byte)(octet ^ mask[index % 4]))];
    }

    private sealed class Peer(TcpClient client) : IDisposable
    {
        private readonly NetworkStream _stream = client.GetStream();

        public static async Task<Peer> ConnectAsync(TestServer server)
        {
            var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(IPAddress.Loopback, server.HttpPort(tls: false), Cancellation);
            var peer = new Peer(client);
            await peer.SendAsync(
                "GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"u8.ToArray());
            await peer.SendAsync("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"u8.ToArray());
            var head = "";
            while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                head += (char)(await peer.ReadAsync(1))[0];
            Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
            return peer;
        }

        public ValueTask SendAsync(byte[] bytes) => _stream.WriteAsync(bytes, Cancellation);

        public async Task<(WebSocketOpcode Opcode, string Text)> ReadAsync()
        {
            var (opcode, payload) = await ReadFrameAsync();
            return (opcode, Encoding.UTF8.GetString(payload));
        }

        public async Task<(WebSocketOpcode Opcode, int Code)> ReadCloseAsync()
        {
            var (opcode, payload) = await ReadFrameAsync();
            return (opcode, (payload[0] << 8) | payload[1]);
        }

        public async Task<bool> IsAtEndAsync() => await _stream.ReadAsync(new byte[1], Cancellation) == 0;

        public void Dispose() => client.Dispose();

        private async Task<(WebSocketOpcode Opcode, byte[] Payload)> ReadFrameAsync()
        {
            var head = await ReadAsync(2);
            var length = head[1] < 126 ? head[1] : await ReadAsync(2) is var more ? (more[0] << 8) | more[1] : 0;
            return ((WebSocketOpcode)(head[0] & 0x0F), await ReadAsync(length));
        }

        private async Task<byte[]> ReadAsync(int count)
        {
            var bytes = new byte[count];
            await _stream.ReadExactlyAsync(bytes, Cancellation);
            return bytes;
        }
    }
}
