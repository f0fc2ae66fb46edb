using System.Net.Sockets;
using System.Text;

namespace Xmpp.Server.Bytestreams;

/// <summary>What SOCKS5 says to a request (RFC 1928 §6).</summary>
internal enum Socks5Reply : byte
{
    Succeeded = 0,
    NotAllowed = 2,
    CommandNotSupported = 7,
    AddressTypeNotSupported = 8,
}

/// <summary>A client's request to be connected (RFC 1928 §4): to a name, which is all that a bytestream has.</summary>
internal sealed class Socks5Request
{
    private const byte Version = 5;
    private const byte WithoutAuthentication = 0;
    private const byte NoAcceptableMethod = 0xFF;
    private const byte Connect = 1;
    private const byte DomainName = 3;

    /// <summary>Before the name: version, command, a reserved byte, type and length of the address.</summary>
    private const int HeadLength = 5;

    private const int PortLength = 2;
    private const int LongestName = 255;

    private readonly byte[] _bytes;
    private readonly int _length;

    private Socks5Request(byte[] bytes, int length) => (_bytes, _length) = (bytes, length);

    /// <summary>DST.ADDR.</summary>
    public string Name => Encoding.ASCII.GetString(_bytes, HeadLength, _length - HeadLength - PortLength);

    /// <summary>Reads what a client begins with, and refuses what no bytestream is.</summary>
    /// <returns>Null when it was refused.</returns>
    /// <exception cref="IOException">The client is gone.</exception>
    public static async Task<Socks5Request?> ReadAsync(Socket client, CancellationToken cancellationToken)
    {
        var bytes = new byte[HeadLength + LongestName + PortLength];
        await ReadAsync(client, bytes.AsMemory(0, 2), cancellationToken);
        if (bytes[0] != Version)
            return null;
        var methods = bytes.AsMemory(2, bytes[1]);
        await ReadAsync(client, methods, cancellationToken);
        // XEP-0065 §6.3.2: who is allowed in shows when the bytestream is activated.
        var isOpen = methods.Span.Contains(WithoutAuthentication);
        await client.SendAsync(new[] { Version, isOpen ? WithoutAuthentication : NoAcceptableMethod }, cancellationToken);
        if (!isOpen)
            return null;

        await ReadAsync(client, bytes.AsMemory(0, HeadLength), cancellationToken);
        if (bytes[0] != Version)
            return null;
        var (command, type) = (bytes[1], bytes[3]);
        if (command != Connect || type != DomainName)
        {
            var refused = new Socks5Request([Version, 0, 0, DomainName, 0, 0, 0], HeadLength + PortLength);
            await refused.ReplyAsync(
                client, command != Connect ? Socks5Reply.CommandNotSupported : Socks5Reply.AddressTypeNotSupported, cancellationToken);
            return null;
        }
        var request = new Socks5Request(bytes, HeadLength + bytes[4] + PortLength);
        await ReadAsync(client, bytes.AsMemory(HeadLength..request._length), cancellationToken);
        return request;
    }

    /// <summary>Answers: with the address and the port that the client gave (XEP-0065 §6.3.2), which is the request again.</summary>
    public async Task ReplyAsync(Socket client, Socks5Reply reply, CancellationToken cancellationToken)
    {
        _bytes[1] = (byte)reply;
        await client.SendAsync(_bytes.AsMemory(0, _length), cancellationToken);
    }

    private static async Task ReadAsync(Socket client, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var count = await client.ReceiveAsync(buffer, cancellationToken);
            if (count == 0)
                throw new EndOfStreamException();
            buffer = buffer[count..];
        }
    }
}
