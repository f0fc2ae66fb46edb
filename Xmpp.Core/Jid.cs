using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Core;

/// <summary>
/// An XMPP address (RFC 7622), prepared and immutable: two equal addresses have equal parts, octet by octet.
/// </summary>
/// <remarks>
/// A full JID hangs on its bare JID, and that on its domain, so that addresses share what they have in common;
/// each keeps its own octets and makes the string of its own part when asked.
/// </remarks>
public sealed class Jid : IEquatable<Jid>
{
    /// <summary>In octets of UTF-8, for each part (§3.1).</summary>
    public const int MaxPartLength = 1023;

    /// <summary>In octets of UTF-8, separators included (§3.1).</summary>
    public const int MaxLength = 3 * MaxPartLength + 2;

    /// <summary>Before preparation, which can make a text three times shorter.</summary>
    private const int MaxUnpreparedLength = 3 * MaxLength;

    private static readonly JidCache _cache = new();

    private readonly byte[] _utf8;
    private readonly Jid? _parent;
    private readonly int _hash;
    private readonly bool _isFull;
    private string? _part;

    /// <param name="parent">The bare JID of a full JID, the domain of localpart@domainpart, null for a domain.</param>
    private Jid(byte[] utf8, int hash, Jid? parent, bool isFull)
    {
        _utf8 = utf8;
        _hash = hash;
        _parent = parent;
        _isFull = isFull;
    }

    /// <summary>The localpart, or null.</summary>
    public string? Local
    {
        get
        {
            var bare = Bare;
            return bare._parent is null ? null : bare.Part;
        }
    }

    public string Domain
    {
        get
        {
            var bare = Bare;
            return (bare._parent ?? bare).Part;
        }
    }

    /// <summary>The resourcepart, or null.</summary>
    public string? Resource => _isFull ? Part : null;

    public bool IsBare => !_isFull;

    /// <summary>True for localpart@domainpart/resourcepart and domainpart/resourcepart alike.</summary>
    public bool IsFull => _isFull;

    /// <summary>The address without its resourcepart (this instance when there is none).</summary>
    public Jid Bare => _isFull ? _parent! : this;

    /// <summary>The domainpart as an address (this instance when there is nothing else).</summary>
    public Jid Host => Bare._parent ?? Bare;

    /// <summary>The address as UTF-8 (not XML-escaped).</summary>
    public ReadOnlyMemory<byte> Utf8 => _utf8;

    /// <summary>What this address adds to its parent: the resourcepart, the localpart or the domainpart.</summary>
    private string Part => _part ??= Encoding.UTF8.GetString(_parent switch
    {
        null => _utf8,
        { _utf8: var bare } when _isFull => _utf8.AsSpan(bare.Length + 1),
        { _utf8: var domain } => _utf8.AsSpan(0, _utf8.Length - domain.Length - 1),
    });

    public static bool operator ==(Jid? left, Jid? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(Jid? left, Jid? right) => !(left == right);

    /// <exception cref="FormatException"><paramref name="text"/> is not a JID.</exception>
    public static Jid Parse(string text) => TryParse(text, out var jid) ? jid : throw new FormatException($"'{text}' is not a JID.");

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out Jid)"/>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (text.Length > MaxUnpreparedLength)
            return false;
        var utf8 = text.Length <= 256 ? stackalloc byte[3 * 256] : new byte[3 * text.Length];
        return System.Text.Unicode.Utf8.FromUtf16(text, utf8, out _, out var length, replaceInvalidSequences: false) == OperationStatus.Done
            && TryParse(utf8[..length], out jid);
    }

    /// <summary>
    /// Takes an address apart and prepares each part (§3.2-3.4); false when it is not a JID. An address seen lately
    /// gives the same instance again, without allocating.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (utf8.Length > MaxUnpreparedLength)
            return false;
        jid = _cache.Find(utf8, Hash(utf8));
        return jid is not null || TryPrepare(utf8, out jid);
    }

    /// <summary>Puts parts together, preparing each; false when one of them is not valid.</summary>
    public static bool TryCreate(string? local, string domain, string? resource, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        ReadOnlySpan<char> separators = "@/";
        return !local.AsSpan().ContainsAny(separators)
            && !domain.AsSpan().ContainsAny(separators)
            && TryParse($"{local}{(local is null ? "" : "@")}{domain}{(resource is null ? "" : "/")}{resource}", out jid);
    }

    /// <summary>The bare JID with a resourcepart, which is prepared; false when it is not valid.</summary>
    public bool TryWithResource(string resource, [NotNullWhen(true)] out Jid? jid) => TryParse($"{Bare}/{resource}", out jid);

    /// <summary>The bare JID with a resourcepart that is known to be valid.</summary>
    /// <exception cref="FormatException"><paramref name="resource"/> is not valid after all.</exception>
    public Jid WithResource(string resource) => Parse($"{Bare}/{resource}");

    public bool Equals(Jid? other) => ReferenceEquals(this, other) || (other is not null && Reads(other._utf8, other._hash));

    public override bool Equals(object? obj) => Equals(obj as Jid);

    public override int GetHashCode() => _hash;

    /// <summary>The address as a new string; <see cref="Utf8"/> costs nothing.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_utf8);

    /// <summary>Whether the address reads <paramref name="utf8"/>, whose <see cref="Hash"/> is <paramref name="hash"/>.</summary>
    internal bool Reads(ReadOnlySpan<byte> utf8, int hash) => _hash == hash && utf8.SequenceEqual(_utf8);

    /// <summary>The runtime's string hash, which is keyed per process so that nobody can choose addresses that collide.</summary>
    internal static int Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = string.GetHashCode(MemoryMarshal.Cast<byte, char>(utf8));
        return utf8.Length % 2 == 0 ? hash : HashCode.Combine(hash, utf8[^1]);
    }

    private static bool TryPrepare(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        Span<byte> prepared = stackalloc byte[MaxLength];

        // §3.2: the first '/' ends the bare JID, within which the first '@' ends the localpart.
        var slash = utf8.IndexOf((byte)'/');
        var bare = slash < 0 ? utf8 : utf8[..slash];
        var at = bare.IndexOf((byte)'@');

        var domainStart = 0;
        if (at >= 0)
        {
            if (!JidPreparation.TryPrepareLocalpart(bare[..at], prepared, out var localLength))
                return false;
            prepared[localLength] = (byte)'@';
            domainStart = localLength + 1;
        }

        if (!JidPreparation.TryPrepareDomainpart(bare[(at + 1)..], prepared[domainStart..], out var domainLength))
            return false;

        var domainEnd = domainStart + domainLength;
        var end = domainEnd;
        if (slash >= 0)
        {
            if (!JidPreparation.TryPrepareResourcepart(utf8[(slash + 1)..], prepared[(domainEnd + 1)..], out var resourceLength))
                return false;
            prepared[domainEnd] = (byte)'/';
            end = domainEnd + 1 + resourceLength;
        }

        jid = Intern(prepared[..end], domainStart, domainEnd);
        return true;
    }

    private static Jid Intern(ReadOnlySpan<byte> prepared, int domainStart, int domainEnd)
    {
        var hash = Hash(prepared);
        if (_cache.Find(prepared, hash) is { } known)
            return known;

        var isFull = domainEnd < prepared.Length;
        var parent = isFull ? Intern(prepared[..domainEnd], domainStart, domainEnd)
            : domainStart > 0 ? Intern(prepared[domainStart..], 0, prepared.Length - domainStart)
            : null;
        var jid = new Jid(prepared.ToArray(), hash, parent, isFull);
        _cache.Add(jid);
        return jid;
    }
}
