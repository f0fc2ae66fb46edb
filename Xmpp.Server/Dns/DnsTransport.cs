using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Xmpp.Server.Dns;

/// <summary>Puts one question to one server: by UDP, and by TCP when the answer doesn't fit.</summary>
/// <remarks>
/// Whoever wants to answer in the server's place has to guess the id and the port (RFC 5452 §9), both made anew for each question, and to
/// repeat the question. A datagram that doesn't fit is as if it had not come.
/// </remarks>
internal static class DnsTransport
{
    /// <exception cref="SocketException">There is no way to the server, or it doesn't listen.</exception>
    /// <exception cref="IOException">It has ended the connection, or said something else.</exception>
    /// <exception cref="OperationCanceledException">The time is over.</exception>
    public static async Task<DnsMessage> AskAsync(
        IPEndPoint server, string name, DnsType type, bool isExtended, CancellationToken cancellationToken)
    {
        var id = BinaryPrimitives.ReadUInt16BigEndian(RandomNumberGenerator.GetBytes(2));
        var query = DnsMessage.WriteQuery(id, name, type, isExtended);
        var answer = await AskByUdpAsync(server, query, id, name, type, cancellationToken);
        return answer.IsTruncated ? await AskByTcpAsync(server, query, id, name, type, cancellationToken) : answer;
    }

    private static async Task<DnsMessage> AskByUdpAsync(
        IPEndPoint server, byte[] query, ushort id, string name, DnsType type, CancellationToken cancellationToken)
    {
        // Connected: the kernel chooses a port at random, and lets nobody through but the server.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            if (DnsMessage.TryRead(buffer.AsSpan(0, length), id, name, type, out var answer))
                return answer;
        }
    }

    private static async Task<DnsMessage> AskByTcpAsync(
        IPEndPoint server, byte[] query, ushort id, string name, DnsType type, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        using var stream = new NetworkStream(socket);
        var framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        await stream.ReadExactlyAsync(framed.AsMemory(0, 2), cancellationToken);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(framed)];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return DnsMessage.TryRead(message, id, name, type, out var answer) && !answer.IsTruncated
            ? answer
            : throw new IOException("the answer by TCP is malformed");
    }
}
