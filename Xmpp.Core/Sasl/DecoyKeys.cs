using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>
/// Keys for accounts that don't exist, so that an attempt to log in to one looks like a wrong password (RFC 6120 §6.5.10): the
/// same salt at every attempt, the iterations of new passwords, and keys that no password fits.
/// </summary>
/// <remarks>Accounts whose passwords were set under another number of iterations still stand out by it until they are set anew.</remarks>
/// <param name="secret">Random, at least 16 bytes. When it survives restarts, so do the salts.</param>
/// <param name="iterations">The iterations that new passwords get.</param>
public sealed class DecoyKeys(ReadOnlyMemory<byte> secret, int iterations)
{
    private readonly ReadOnlyMemory<byte> _secret = secret.Length >= 16
        ? secret
        : throw new ArgumentException("A decoy secret needs 16 bytes at least.", nameof(secret));

    private readonly int _iterations = iterations >= 1 ? iterations : throw new ArgumentOutOfRangeException(nameof(iterations));

    /// <summary>With a secret that ends with the process.</summary>
    public static DecoyKeys Random(int iterations) => new(RandomNumberGenerator.GetBytes(32), iterations);

    /// <summary>The keys of one hash for an account, always the same ones.</summary>
    public ScramKeys For(Jid account, ScramHash hash)
    {
        Span<byte> derived = stackalloc byte[SHA512.HashSizeInBytes];
        Span<byte> salt = derived[..ScramKeyDerivation.SaltLength];
        HMACSHA512.HashData(_secret.Span, Encoding.UTF8.GetBytes($"{hash.Name} {account}"), derived);

        // Nobody knows a preimage of these keys; they only have to be as long as real ones.
        var keys = new byte[hash.Length];
        derived[ScramKeyDerivation.SaltLength..][..Math.Min(keys.Length, derived.Length - ScramKeyDerivation.SaltLength)].CopyTo(keys);
        return new ScramKeys(hash.Name, salt.ToArray(), _iterations, keys, keys);
    }
}
