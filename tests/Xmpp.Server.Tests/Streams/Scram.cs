using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Tests.Streams;

/// <summary>The client's side of SCRAM-SHA-256 (RFC 5802 §3), without channel binding.</summary>
internal static class Scram
{
    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public static string Text(Element element) => Encoding.UTF8.GetString(Convert.FromBase64String(element.Text));

    /// <summary>The client's final message, and what the server has to answer.</summary>
    /// <param name="firstBare">What the client's first message had behind "n,,".</param>
    public static (string Final, string Verifier) Answer(string firstBare, string serverFirst, string password)
    {
        var attributes = serverFirst.Split(',').ToDictionary(part => part[0], part => part[2..]);
        var withoutProof = $"c=biws,r={attributes['r']}";
        var message = Encoding.UTF8.GetBytes($"{firstBare},{serverFirst},{withoutProof}");
        var salted = Salt(password, Convert.FromBase64String(attributes['s']), int.Parse(attributes['i']), HashAlgorithmName.SHA256);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), message);
        var proof = clientKey.Zip(signature, (key, sign) => (byte)(key ^ sign)).ToArray();
        var verifier = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), message);
        return ($"{withoutProof},p={Convert.ToBase64String(proof)}", $"v={Convert.ToBase64String(verifier)}");
    }

    /// <summary>SaltedPassword.</summary>
    public static byte[] Salt(string password, byte[] salt, int iterations, HashAlgorithmName hash) => Rfc2898DeriveBytes.Pbkdf2(
        password, salt, iterations, hash, CryptographicOperations.HashData(hash, []).Length);
}
