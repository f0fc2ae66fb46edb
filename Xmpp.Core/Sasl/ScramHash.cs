using System.Security.Cryptography;

namespace Xmpp.Core.Sasl;

/// <summary>A hash function of the SCRAM family (RFC 5802 §4, RFC 7677): its names and what SCRAM computes with it.</summary>
public sealed class ScramHash
{
    private readonly HashAlgorithmName _algorithm;

    private ScramHash(string name, HashAlgorithmName algorithm, int length)
    {
        Name = name;
        _algorithm = algorithm;
        Length = length;
        Mechanism = $"SCRAM-{name}";
    }

    public static ScramHash Sha1 { get; } = new("SHA-1", HashAlgorithmName.SHA1, SHA1.HashSizeInBytes);

    public static ScramHash Sha256 { get; } = new("SHA-256", HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);

    public static ScramHash Sha512 { get; } = new("SHA-512", HashAlgorithmName.SHA512, SHA512.HashSizeInBytes);

    /// <summary>Every hash, strongest first.</summary>
    public static IReadOnlyList<ScramHash> All { get; } = [Sha512, Sha256, Sha1];

    /// <summary>The length of the longest output in <see cref="All"/>, in bytes.</summary>
    internal const int MaxLength = SHA512.HashSizeInBytes;

    /// <summary>As <see cref="Storage.ScramKeys.Hash"/> has it, such as "SHA-256".</summary>
    public string Name { get; }

    /// <summary>The mechanism without channel binding, such as "SCRAM-SHA-256".</summary>
    public string Mechanism { get; }

    /// <summary>Length of an output, in bytes.</summary>
    public int Length { get; }

    /// <summary>H(data).</summary>
    internal void Hash(ReadOnlySpan<byte> data, Span<byte> output) =>
        CryptographicOperations.HashData(_algorithm, data, output);

    /// <summary>HMAC(key, data).</summary>
    internal void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> output) =>
        CryptographicOperations.HmacData(_algorithm, key, data, output);

    /// <summary>Hi(password, salt, iterations): PBKDF2, milliseconds of CPU.</summary>
    internal void Hi(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations, Span<byte> output) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, output, iterations, _algorithm);

    public override string ToString() => Name;
}
