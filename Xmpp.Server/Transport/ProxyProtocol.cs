using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Xmpp.Server.Transport;

/// <summary>
/// The PROXY protocol, version 2: what a load balancer sends ahead of a connection to say whom it stands for. Its type
/// length values are skipped.
/// </summary>
public static class ProxyProtocol
{
    /// <summary>Signature, version and command, family and transport, length of the rest.</summary>
    public const int PrefixLength = 16;

    /// <summary>The most we take behind the prefix; addresses need 36 bytes, what follows are type length values.</summary>
    public const int MaxRestLength = 4096;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Receives a header and not a byte more.</summary>
    /// <returns>Whom the proxy stands for, or null when it speaks for itself or doesn't say.</returns>
    /// <exception cref="InvalidDataException">This is not a valid header; the message says why.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public static async Task<IPEndPoint?> ReceiveHeaderAsync(Socket socket, CancellationToken cancellationToken)
    {
        var prefix = new byte[PrefixLength];
        await ReceiveExactlyAsync(socket, prefix, cancellationToken);
        var rest = new byte[ParsePrefix(prefix)];
        await ReceiveExactlyAsync(socket, rest, cancellationToken);
        return ParseRest(prefix, rest);
    }

    /// <summary>Checks the first <see cref="PrefixLength"/> bytes.</summary>
    /// <returns>The number of bytes that follow.</returns>
    /// <exception cref="InvalidDataException">This is not a header of version 2, or an absurdly long one.</exception>
    public static int ParsePrefix(ReadOnlySpan<byte> prefix)
    {
        if (!prefix[..Signature.Length].SequenceEqual(Signature))
            throw new InvalidDataException("no PROXY v2 signature");
        if (prefix[12] >> 4 != 2)
            throw new InvalidDataException($"PROXY version {prefix[12] >> 4}");
        if ((prefix[12] & 0xF) > 1)
            throw new InvalidDataException($"unknown PROXY command {prefix[12] & 0xF}");
        var length = BinaryPrimitives.ReadUInt16BigEndian(prefix[14..]);
        return length <= MaxRestLength ? length : throw new InvalidDataException($"PROXY header of {length} bytes");
    }

    /// <summary>Takes the source address from what follows the prefix.</summary>
    /// <returns>Null for LOCAL (the proxy's own connection, such as a health check) and for AF_UNSPEC.</returns>
    /// <exception cref="InvalidDataException">The addresses are cut short, or not of a stream over IPv4 or IPv6.</exception>
    public static IPEndPoint? ParseRest(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> rest)
    {
        const int local = 0x0, unspecified = 0x00, tcpOverIpv4 = 0x11, tcpOverIpv6 = 0x21;
        if ((prefix[12] & 0xF) == local)
            return null;
        // Both addresses come first, source before destination, then both ports.
        var addressLength = prefix[13] switch
        {
            unspecified => 0,
            tcpOverIpv4 => 4,
            tcpOverIpv6 => 16,
            _ => throw new InvalidDataException($"PROXY family and transport 0x{prefix[13]:X2}"),
        };
        if (addressLength == 0)
            return null;
        if (rest.Length < 2 * addressLength + 4)
            throw new InvalidDataException("PROXY addresses cut short");
        var address = new IPAddress(rest[..addressLength]);
        return new IPEndPoint(
            address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
            BinaryPrimitives.ReadUInt16BigEndian(rest[(2 * addressLength)..]));
    }

    private static async Task ReceiveExactlyAsync(Socket socket, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes, cancellationToken);
            if (count == 0)
                throw new InvalidDataException("the connection ended in the PROXY header");
            bytes = bytes[count..];
        }
    }
}
