using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace Xmpp.Server.Dns;

/// <summary>
/// Messages of the DNS (RFC 1035 §4), as far as a stub resolver needs them: writes questions, reads answers. Whatever bytes come, reading
/// ends, and nothing outside of them is looked at.
/// </summary>
internal sealed class DnsMessage
{
    public const int HeaderLength = 12;

    /// <summary>What fits everywhere without fragments.</summary>
    public const int UdpPayload = 1232;

    private const int MaxNameLength = 253;
    private const int MaxLabelLength = 63;
    private const int MaxRecords = 512;

    private DnsMessage(ushort id, bool isTruncated, int code, List<DnsRecord> answers, uint? negativeTimeToLive)
    {
        (Id, IsTruncated, Code, Answers, NegativeTimeToLive) = (id, isTruncated, code, answers, negativeTimeToLive);
    }

    public ushort Id { get; }

    /// <summary>There is more than fits into a datagram: ask again by TCP.</summary>
    public bool IsTruncated { get; }

    /// <summary>RCODE: 0 no error, 1 format error, 2 server failure, 3 no such name, 4 not implemented, 5 refused.</summary>
    public int Code { get; }

    public IReadOnlyList<DnsRecord> Answers { get; }

    /// <summary>How long, in seconds, it holds that there is nothing (RFC 2308 §5); null when nobody says so.</summary>
    public uint? NegativeTimeToLive { get; }

    /// <summary>Whether a text can be asked for.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= MaxNameLength && Ascii.IsValid(name)
        && name.Split('.').All(label => label.Length is > 0 and <= MaxLabelLength);

    /// <summary>A question for a recursive server, with a random id.</summary>
    /// <param name="name">See <see cref="IsName"/>.</param>
    /// <param name="isExtended">With EDNS (RFC 6891), which some old servers don't know.</param>
    public static byte[] WriteQuery(ushort id, string name, DnsType type, bool isExtended)
    {
        var message = new byte[HeaderLength + name.Length + 2 + 4 + (isExtended ? 11 : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[2] = 1; // Recursion desired.
        message[5] = 1; // One question.
        var position = HeaderLength;
        foreach (var label in name.Split('.'))
        {
            message[position++] = (byte)label.Length;
            position += Encoding.ASCII.GetBytes(label, message.AsSpan(position));
        }
        position++;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(position), (ushort)type);
        message[position + 3] = 1; // Class IN.
        if (isExtended)
        {
            message[11] = 1; // One additional record.
            var option = message.AsSpan(position + 4);
            BinaryPrimitives.WriteUInt16BigEndian(option[1..], (ushort)DnsType.Opt);
            BinaryPrimitives.WriteUInt16BigEndian(option[3..], UdpPayload);
        }
        return message;
    }

    /// <summary>Reads an answer to a question; false when it is none, or answers another one.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> bytes, ushort id, string name, DnsType type, [NotNullWhen(true)] out DnsMessage? message)
    {
        message = null;
        // A response, to a standard query, with one question.
        if (bytes.Length < HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(bytes) != id || (bytes[2] & 0xF8) != 0x80
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != 1)
        {
            return false;
        }
        var (code, isTruncated) = (bytes[3] & 15, (bytes[2] & 2) != 0);
        var position = HeaderLength;
        if (!TryReadName(bytes, ref position, out var asked) || !asked.Equals(name, StringComparison.OrdinalIgnoreCase)
            || bytes.Length - position < 4
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[position..]) != (ushort)type
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[(position + 2)..]) != 1)
        {
            return false;
        }
        position += 4;
        var answers = new List<DnsRecord>();
        uint? negative = null;
        var isWhole = TryReadRecords(bytes, ref position, BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]), answers, ref negative)
            && TryReadRecords(bytes, ref position, BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]), null, ref negative);
        if (!isWhole && !isTruncated)
            return false;
        message = new(id, isTruncated, code, answers, negative);
        return true;
    }

    /// <param name="records">Null where only the SOA of an authority section is of interest.</param>
    private static bool TryReadRecords(
        ReadOnlySpan<byte> bytes, ref int position, int count, List<DnsRecord>? records, ref uint? negativeTimeToLive)
    {
        for (var i = 0; i < Math.Min(count, MaxRecords); i++)
        {
            if (!TryReadName(bytes, ref position, out var owner) || bytes.Length - position < 10)
                return false;
            var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(bytes[position..]);
            var isInternet = BinaryPrimitives.ReadUInt16BigEndian(bytes[(position + 2)..]) == 1;
            // RFC 2181 §8: with the highest bit set it is 0.
            var timeToLive = BinaryPrimitives.ReadUInt32BigEndian(bytes[(position + 4)..]) is var seconds and <= int.MaxValue ? seconds : 0;
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(position + 8)..]);
            position += 10;
            if (bytes.Length - position < length)
                return false;
            // Names within may point backwards into the message, but not end behind the record.
            var upToRecord = bytes[..(position + length)];
            if (isInternet && records is not null && ReadRecord(upToRecord, position, type, owner, timeToLive) is { } record)
                records.Add(record);
            if (isInternet && records is null && type == DnsType.Soa)
                negativeTimeToLive ??= ReadNegativeTimeToLive(upToRecord, position, timeToLive);
            position += length;
        }
        return count <= MaxRecords;
    }

    /// <summary>Reads the data of a record, which ends with the bytes; null for one that is malformed or of no interest.</summary>
    public static DnsRecord? ReadRecord(ReadOnlySpan<byte> bytes, int position, DnsType type, string owner, uint timeToLive)
    {
        var data = bytes[position..];
        switch (type)
        {
            case DnsType.A when data.Length == 4:
            case DnsType.Aaaa when data.Length == 16:
                return new AddressRecord(owner, timeToLive, new IPAddress(data));
            case DnsType.Cname when TryReadName(bytes, ref position, out var alias) && position == bytes.Length:
                return new AliasRecord(owner, timeToLive, alias);
            case DnsType.Srv when data.Length > 6:
                position += 6;
                return TryReadName(bytes, ref position, out var target) && position == bytes.Length
                    ? new ServiceRecord(
                        owner, timeToLive, BinaryPrimitives.ReadUInt16BigEndian(data), BinaryPrimitives.ReadUInt16BigEndian(data[2..]),
                        BinaryPrimitives.ReadUInt16BigEndian(data[4..]), target)
                    : null;
            case DnsType.Tlsa when data.Length > 3:
                return new TlsaRecord(owner, timeToLive, data[0], data[1], data[2], data[3..].ToArray());
            default:
                return null;
        }
    }

    private static uint? ReadNegativeTimeToLive(ReadOnlySpan<byte> bytes, int position, uint timeToLive) =>
        TryReadName(bytes, ref position, out _) && TryReadName(bytes, ref position, out _) && bytes.Length - position == 20
            ? Math.Min(timeToLive, BinaryPrimitives.ReadUInt32BigEndian(bytes[(position + 16)..]))
            : null;

    /// <summary>Reads a name, in lower case and without the final dot; "" for the root. Pointers only lead backwards.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> bytes, ref int position, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var text = new StringBuilder();
        int? end = null;
        var lowest = position;
        for (var at = position; at < bytes.Length;)
        {
            var length = bytes[at];
            if (length == 0)
            {
                position = end ?? at + 1;
                name = text.ToString();
                return true;
            }
            if ((length & 0xC0) == 0xC0)
            {
                if (at + 1 == bytes.Length)
                    return false;
                end ??= at + 2;
                at = (length & 0x3F) << 8 | bytes[at + 1];
                if (at >= lowest)
                    return false;
                lowest = at;
                continue;
            }
            if (length > MaxLabelLength || at + 1 + length > bytes.Length || text.Length + length + 1 > MaxNameLength + 1)
                return false;
            if (text.Length > 0)
                text.Append('.');
            foreach (var octet in bytes.Slice(at + 1, length))
            {
                // What can stand in the names of hosts and services; a dot within a label would make two of one.
                if (octet is <= (byte)' ' or (byte)'.' or >= 127)
                    return false;
                text.Append((char)(octet is >= (byte)'A' and <= (byte)'Z' ? octet | 0x20 : octet));
            }
            at += 1 + length;
        }
        return false;
    }
}
