using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>Makes the keys that SCRAM stores out of a password (RFC 5802 §3). Each call costs a PBKDF2.</summary>
public static class ScramKeyDerivation
{
    /// <summary>Length of a new salt, in bytes.</summary>
    public const int SaltLength = 16;

    /// <summary>The keys of one hash under a new random salt.</summary>
    /// <param name="password">The password as typed; it is prepared here.</param>
    /// <param name="hash">The hash function of the mechanism.</param>
    /// <param name="iterations">PBKDF2 iterations; RFC 5802 §5.1 and RFC 7677 §4 ask for 4096 at least.</param>
    /// <exception cref="FormatException">The password is empty or holds a character that no password may.</exception>
    public static ScramKeys Create(string password, ScramHash hash, int iterations) =>
        Derive(password, hash, RandomNumberGenerator.GetBytes(SaltLength), iterations);

    /// <summary>The keys of one hash under a given salt.</summary>
    /// <inheritdoc cref="Create" path="/exception"/>
    public static ScramKeys Derive(string password, ScramHash hash, ReadOnlyMemory<byte> salt, int iterations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        if (!PasswordPreparation.TryPrepare(password, out var prepared))
            throw new FormatException("A password needs at least one character, and none that can't be typed.");

        var storedKey = new byte[hash.Length];
        var serverKey = new byte[hash.Length];
        Derive(prepared, hash, salt.Span, iterations, storedKey, serverKey);
        return new ScramKeys(hash.Name, salt, iterations, storedKey, serverKey);
    }

    /// <summary>The keys of one hash, of SaltedPassword as somebody else has made it of the password (XEP-0480).</summary>
    public static ScramKeys OfSalted(ReadOnlySpan<byte> salted, ScramHash hash, ReadOnlyMemory<byte> salt, int iterations)
    {
        var storedKey = new byte[hash.Length];
        var serverKey = new byte[hash.Length];
        DeriveOfSalted(salted, hash, storedKey, serverKey);
        return new ScramKeys(hash.Name, salt, iterations, storedKey, serverKey);
    }

    /// <summary>StoredKey and ServerKey of a prepared password.</summary>
    internal static void Derive(
        string prepared, ScramHash hash, ReadOnlySpan<byte> salt, int iterations, Span<byte> storedKey, Span<byte> serverKey)
    {
        var password = Encoding.UTF8.GetBytes(prepared);
        Span<byte> salted = stackalloc byte[hash.Length];
        hash.Hi(password, salt, iterations, salted);
        DeriveOfSalted(salted, hash, storedKey, serverKey);
        CryptographicOperations.ZeroMemory(password);
        CryptographicOperations.ZeroMemory(salted);
    }

    private static void DeriveOfSalted(ReadOnlySpan<byte> salted, ScramHash hash, Span<byte> storedKey, Span<byte> serverKey)
    {
        Span<byte> clientKey = stackalloc byte[hash.Length];
        hash.Hmac(salted, "Client Key"u8, clientKey);
        hash.Hash(clientKey, storedKey);
        hash.Hmac(salted, "Server Key"u8, serverKey);
        CryptographicOperations.ZeroMemory(clientKey);
    }
}
