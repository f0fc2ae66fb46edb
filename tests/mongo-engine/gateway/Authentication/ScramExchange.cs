using System.Security.Cryptography;
using System.Text;

namespace Xmpp.MongoGateway.Authentication;

/// <summary>The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as MongoDB uses it: without channel binding.</summary>
internal sealed class ScramExchange
{
    private const int Iterations = 15_000;

    // MongoDB's: libmongoc takes no other length.
    private const int SaltLength = 28;

    private static readonly byte[] Salt = RandomNumberGenerator.GetBytes(SaltLength);

    private readonly string _password;
    private readonly string _clientFirst;
    private readonly string _nonce;

    /// <param name="clientFirst">The client's first message.</param>
    /// <param name="users">Passwords by name.</param>
    public ScramExchange(string clientFirst, IReadOnlyDictionary<string, string> users)
    {
        // Two fields of the header are for channel binding and for acting as somebody else.
        _clientFirst = clientFirst.Split(',', 3) is [_, _, var bare] ? bare : "";
        User = Field(_clientFirst, 'n').Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        // Who doesn't exist fails as somebody with a wrong password does.
        _password = users.TryGetValue(User, out var password) ? password : RandomNumberGenerator.GetHexString(32);
        _nonce = Field(_clientFirst, 'r') + RandomNumberGenerator.GetHexString(24);
        ServerFirst = $"r={_nonce},s={Convert.ToBase64String(Salt)},i={Iterations}";
    }

    public string User { get; }

    public string ServerFirst { get; }

    /// <summary>Whether the client was told that it has succeeded, and only an empty message is missing.</summary>
    public bool HasSucceeded { get; private set; }

    /// <summary>The server's last message, or null when the proof is wrong.</summary>
    public string? Finish(string clientFinal)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(_password, Salt, Iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var proofAt = clientFinal.LastIndexOf(",p=", StringComparison.Ordinal);
        if (proofAt < 0 || Field(clientFinal, 'r') != _nonce)
            return null;
        var transcript = Encoding.UTF8.GetBytes($"{_clientFirst},{ServerFirst},{clientFinal[..proofAt]}");
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), transcript);
        var proof = new byte[SHA256.HashSizeInBytes];
        if (!Convert.TryFromBase64String(clientFinal[(proofAt + 3)..], proof, out var length) || length != proof.Length)
            return null;
        for (var i = 0; i < proof.Length; i++)
            proof[i] ^= signature[i];
        if (!CryptographicOperations.FixedTimeEquals(proof, clientKey))
            return null;
        HasSucceeded = true;
        return "v=" + Convert.ToBase64String(HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), transcript));
    }

    private static string Field(string message, char name) =>
        message.Split(',').FirstOrDefault(field => field.StartsWith($"{name}=", StringComparison.Ordinal))?[2..] ?? "";
}
