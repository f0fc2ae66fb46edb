using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Xmpp.Server.Dns;

namespace Xmpp.Server.Tests.Dns;

/// <summary>
/// A zone "example" that is signed when it is asked (RFC 4034, ECDSAP256SHA256), and answers with what the test says; outside of it nothing is
/// signed. That a name or type isn't there is said by NSEC records that cover no more than the question (RFC 4470).
/// </summary>
internal sealed class SignedZone : IDisposable
{
    private const string Apex = "example";
    private const ushort Nsec = 47;
    private const ushort Rrsig = 46;
    private const ushort DnsKey = 48;
    private const byte Algorithm = 13;

    private readonly AuthoritativeServer _server = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _dnsKey;

    public SignedZone()
    {
        var point = _key.ExportParameters(false).Q;
        _dnsKey = [1, 1, 3, Algorithm, .. point.X!, .. point.Y!];
        _server.Answer = (question, _) => Answer(question);
    }

    public IPEndPoint EndPoint => _server.EndPoint;

    public int Asked => _server.Asked.Count;

    /// <summary>The data of records, by name and type.</summary>
    public Dictionary<(string Name, DnsType Type), byte[][]> Records { get; } = [];

    /// <summary>Names whose records are changed after they were signed.</summary>
    public HashSet<string> Forged { get; } = [];

    /// <summary>Names that aren't answered about.</summary>
    public HashSet<string> Silent { get; } = [];

    /// <summary>What a resolver has to trust, as in a zone file.</summary>
    public string TrustAnchor => $"{Apex}. IN DNSKEY 257 3 {Algorithm} {Convert.ToBase64String(_dnsKey[4..])}\n";

    public void Dispose()
    {
        _server.Dispose();
        _key.Dispose();
    }

    private byte[]? Answer(Question question)
    {
        var name = question.Name.ToLowerInvariant();
        if (Silent.Contains(name))
            return null;
        var type = (ushort)question.Type;
        var isSigned = name == Apex || name.EndsWith($".{Apex}", StringComparison.Ordinal);
        byte[][]? data = name == Apex && type == DnsKey ? [_dnsKey] : Records.GetValueOrDefault((name, question.Type));
        List<byte[]> answers = [], authority = [];
        if (data is not null)
        {
            Add(answers, name, type, data, isSigned);
        }
        else if (isSigned)
        {
            Add(authority, Apex, (ushort)DnsType.Soa, [[.. Question.Encode($"ns.{Apex}"), .. Question.Encode($"a.{Apex}"), .. new byte[20]]], true);
            // RRSIG and NSEC are all that there is.
            Add(authority, name, Nsec, [[1, 0, .. Question.Encode(name), 0, 6, 0, 0, 0, 0, 0, 3]], true);
        }
        return
        [
            (byte)(question.Id >> 8), (byte)question.Id, 0x85, (byte)(data is null && !isSigned ? 0x83 : 0x80), 0, 1, 0, (byte)answers.Count,
            0, (byte)authority.Count, 0, 1, .. question.Section, .. answers.SelectMany(record => record), .. authority.SelectMany(record => record),
            // EDNS, with DO.
            0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0,
        ];
    }

    private void Add(List<byte[]> section, string owner, ushort type, byte[][] data, bool isSigned)
    {
        section.AddRange(data.Select(item => Record(owner, type, Forged.Contains(owner) ? [.. item[..^1], (byte)(item[^1] ^ 1)] : item)));
        if (!isSigned)
            return;
        var fields = new byte[18];
        BinaryPrimitives.WriteUInt16BigEndian(fields, type);
        fields[2] = Algorithm;
        fields[3] = (byte)owner.Split('.').Length;
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(4), 60);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(8), (uint)(now + 86_400));
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(12), (uint)(now - 86_400));
        BinaryPrimitives.WriteUInt16BigEndian(fields.AsSpan(16), KeyTag());
        byte[] head = [.. fields, .. Question.Encode(Apex)];
        // RFC 4034 §6.3: in the order of their data.
        var canonical = data.OrderBy(item => item, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
            .SelectMany(item => Record(owner, type, item));
        section.Add(Record(owner, Rrsig, [.. head, .. _key.SignData([.. head, .. canonical], HashAlgorithmName.SHA256)]));
    }

    /// <summary>RFC 4034, Appendix B.</summary>
    private ushort KeyTag()
    {
        var sum = 0;
        for (var i = 0; i < _dnsKey.Length; i++)
            sum += (i & 1) == 0 ? _dnsKey[i] << 8 : _dnsKey[i];
        return (ushort)(sum + (sum >> 16));
    }

    private static byte[] Record(string owner, ushort type, byte[] data) => Question.Record(owner, (DnsType)type, 60, data);
}
