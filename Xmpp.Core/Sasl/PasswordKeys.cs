using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>The keys of an account: made when a password is set, checked when a client shows the password itself.</summary>
public static class PasswordKeys
{
    /// <summary>PBKDF2 iterations of new keys unless configured otherwise: what phones still compute in a moment.</summary>
    public const int DefaultIterations = 10_000;

    /// <summary>Keys for every SCRAM hash, so that an account can log in with any of the mechanisms. Costs a PBKDF2 per hash.</summary>
    /// <inheritdoc cref="ScramKeyDerivation.Create" path="/exception"/>
    public static IReadOnlyList<ScramKeys> Create(string password, int iterations = DefaultIterations) =>
        [.. ScramHash.All.Select(hash => ScramKeyDerivation.Create(password, hash, iterations))];

    /// <summary>
    /// Whether the password is the one that the keys were made of. Compares in constant time, with the strongest hash there is;
    /// costs a PBKDF2 whatever the outcome, so don't call it on an I/O thread.
    /// </summary>
    /// <param name="password">The password as the client sent it; it is prepared here.</param>
    /// <param name="keys">The account's keys; false when there are none of a known hash.</param>
    public static bool Verify(string password, IReadOnlyList<ScramKeys> keys)
    {
        if (!TryFindStrongest(keys, out var strongest, out var hash))
            return false;
        var prepared = PasswordPreparation.TryPrepare(password, out var text);

        Span<byte> storedKey = stackalloc byte[hash.Length];
        Span<byte> serverKey = stackalloc byte[hash.Length];
        ScramKeyDerivation.Derive(text ?? "", hash, strongest.Salt.Span, strongest.Iterations, storedKey, serverKey);
        return CryptographicOperations.FixedTimeEquals(storedKey, strongest.StoredKey.Span) & prepared;
    }

    /// <summary>The keys of one hash, or null.</summary>
    public static ScramKeys? Find(IReadOnlyList<ScramKeys> keys, ScramHash hash)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (keys[i].Hash == hash.Name)
                return keys[i];
        }
        return null;
    }

    private static bool TryFindStrongest(
        IReadOnlyList<ScramKeys> keys, [NotNullWhen(true)] out ScramKeys? strongest, [NotNullWhen(true)] out ScramHash? hash)
    {
        foreach (var candidate in ScramHash.All)
        {
            if (Find(keys, candidate) is { } found)
            {
                (strongest, hash) = (found, candidate);
                return true;
            }
        }
        (strongest, hash) = (null, null);
        return false;
    }
}
