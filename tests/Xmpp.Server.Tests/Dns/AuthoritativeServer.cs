using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xmpp.Server.Dns;

namespace Xmpp.Server.Tests.Dns;

/// <summary>A small DNS server on loopback: answers what the test says, by UDP and TCP.</summary>
internal sealed class AuthoritativeServer : IDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public AuthoritativeServer()
    {
        // The same port for both.
        for (var attempt = 0; ; attempt++)
        {
            _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            try
            {
                _udp.Bind(_tcp.LocalEndPoint!);
                break;
            }
            catch (SocketException) when (attempt < 10)
            {
                _tcp.Close();
                _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            }
        }
        _tcp.Listen();
        EndPoint = (IPEndPoint)_udp.LocalEndPoint!;
        _ = ServeUdpAsync();
        _ = ServeTcpAsync();
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Makes an answer of a question; null keeps silent.</summary>
    public Func<Question, bool, byte[]?> Answer { get; set; } = (_, _) => null;

    /// <summary>All questions that came, in order.</summary>
    public ConcurrentQueue<Question> Asked { get; } = new();

    /// <summary>Where they came from.</summary>
    public ConcurrentQueue<int> Ports { get; } = new();

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private async Task ServeUdpAsync()
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                var question = Question.Read(buffer[..received.ReceivedBytes]);
                Ports.Enqueue(((IPEndPoint)received.RemoteEndPoint).Port);
                Asked.Enqueue(question);
                if (Answer(question, false) is { } answer)
                    await _udp.SendToAsync(answer, received.RemoteEndPoint);
            }
        }
        catch (Exception over) when (over is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeTcpAsync()
    {
        try
        {
            while (true)
            {
                using var socket = await _tcp.AcceptAsync();
                using var stream = new NetworkStream(socket);
                var length = new byte[2];
                await stream.ReadExactlyAsync(length);
                var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(message);
                if (Answer(Question.Read(message), true) is not { } answer)
                    continue;
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                await stream.WriteAsync((byte[])[.. length, .. answer]);
            }
        }
        catch (Exception over) when (over is ObjectDisposedException or SocketException or IOException)
        {
            // The test is over.
        }
    }
}

/// <summary>A question as it came.</summary>
internal sealed record Question(ushort Id, string Name, DnsType Type, byte[] Section, bool IsExtended)
{
    public static Question Read(byte[] message)
    {
        var (labels, position) = (new List<string>(), 12);
        while (message[position] is > 0 and var length)
        {
            labels.Add(Encoding.ASCII.GetString(message, position + 1, length));
            position += 1 + length;
        }
        return new(
            BinaryPrimitives.ReadUInt16BigEndian(message), string.Join('.', labels),
            (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(position + 1)), message[12..(position + 5)],
            message[11] == 1);
    }

    /// <summary>The answer with these records.</summary>
    public byte[] Reply(params byte[][] records) => Reply(code: 0, records);

    public byte[] Reply(int code, byte[][] records, byte[]? authority = null, bool isTruncated = false) =>
    [
        (byte)(Id >> 8), (byte)Id, (byte)(0x81 | (isTruncated ? 2 : 0)), (byte)(0x80 | code), 0, 1,
        (byte)(records.Length >> 8), (byte)records.Length, 0, (byte)(authority is null ? 0 : 1), 0, 0,
        .. Section, .. records.SelectMany(record => record), .. authority ?? [],
    ];

    /// <summary>A record of a name; "" for that of the question, by a pointer to it.</summary>
    public static byte[] Record(string owner, DnsType type, uint timeToLive, byte[] data) =>
    [
        .. owner.Length == 0 ? [0xC0, 12] : Encode(owner), 0, (byte)type, 0, 1,
        (byte)(timeToLive >> 24), (byte)(timeToLive >> 16), (byte)(timeToLive >> 8), (byte)timeToLive,
        (byte)(data.Length >> 8), (byte)data.Length, .. data,
    ];

    public static byte[] Address(string address, string owner = "", uint timeToLive = 60)
    {
        var ip = IPAddress.Parse(address);
        return Record(owner, ip.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.Aaaa, timeToLive, ip.GetAddressBytes());
    }

    public static byte[] Alias(string target, string owner = "", uint timeToLive = 60) =>
        Record(owner, DnsType.Cname, timeToLive, Encode(target));

    public static byte[] Service(int priority, int weight, int port, string target) => Record("", DnsType.Srv, 60,
        [0, (byte)priority, 0, (byte)weight, (byte)(port >> 8), (byte)port, .. Encode(target)]);

    /// <summary>Says that there is nothing, and for how long.</summary>
    public static byte[] Authority(uint minimum) => Record("example", DnsType.Soa, 3600,
        [.. Encode("ns.example"), .. Encode("admin.example"), .. new byte[16], (byte)(minimum >> 24), (byte)(minimum >> 16), (byte)(minimum >> 8), (byte)minimum]);

    public static byte[] Encode(string name) =>
    [
        .. name.Length == 0 ? [] : name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0,
    ];
}
