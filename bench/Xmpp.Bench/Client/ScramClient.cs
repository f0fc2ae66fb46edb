using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Xmpp.Bench.Client;

/// <summary>SCRAM (RFC 5802) without channel binding, as a client that remembers salted passwords does it: PBKDF2 once per account.</summary>
internal sealed class ScramClient(HashAlgorithmName hash, string user, string password)
{
    private static readonly ConcurrentDictionary<(string Password, string Salt, int Iterations, HashAlgorithmName Hash), Keys> Known = new();

    private readonly string _nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
    private byte[] _serverSignature = [];

    private string FirstBare =>
        $"n={user.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal)},r={_nonce}";

    public string First() => $"n,,{FirstBare}";

    public string Final(string serverFirst)
    {
        string? nonce = null, salt = null, iterations = null;
        foreach (var attribute in serverFirst.Split(','))
        {
            switch (attribute)
            {
                case ['r', '=', .. var value]: nonce = value; break;
                case ['s', '=', .. var value]: salt = value; break;
                case ['i', '=', .. var value]: iterations = value; break;
            }
        }
        if (nonce is null || salt is null || !int.TryParse(iterations, CultureInfo.InvariantCulture, out var count)
            || !nonce.StartsWith(_nonce, StringComparison.Ordinal))
        {
            throw new BenchException($"not a SCRAM challenge: {serverFirst}");
        }

        var keys = Known.GetOrAdd((password, salt, count, hash), static key => Keys.Derive(key.Password, key.Salt, key.Iterations, key.Hash));
        var withoutProof = $"c=biws,r={nonce}";
        var message = Encoding.UTF8.GetBytes($"{FirstBare},{serverFirst},{withoutProof}");
        var proof = CryptographicOperations.HmacData(hash, keys.StoredKey, message);
        for (var i = 0; i < proof.Length; i++)
            proof[i] ^= keys.ClientKey[i];
        _serverSignature = CryptographicOperations.HmacData(hash, keys.ServerKey, message);
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    public bool IsGenuine(string serverFinal) => serverFinal == $"v={Convert.ToBase64String(_serverSignature)}";

    private sealed record Keys(byte[] ClientKey, byte[] StoredKey, byte[] ServerKey)
    {
        public static Keys Derive(string password, string salt, int iterations, HashAlgorithmName hash)
        {
            var length = CryptographicOperations.HashData(hash, []).Length;
            var salted = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(salt), iterations, hash, length);
            var clientKey = CryptographicOperations.HmacData(hash, salted, "Client Key"u8);
            return new(
                clientKey,
                CryptographicOperations.HashData(hash, clientKey),
                CryptographicOperations.HmacData(hash, salted, "Server Key"u8));
        }
    }
}
