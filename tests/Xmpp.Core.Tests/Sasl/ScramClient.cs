using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

/// <summary>The client's side of SCRAM, written from RFC 5802 §3 independently of the server's.</summary>
internal sealed class ScramClient(HashAlgorithmName hash, string username, string password)
{
    private const string Nonce = "fyko+d2lbbFgONRv9qkxdawL";

    /// <summary>The gs2-header, commas included.</summary>
    public string Header { get; init; } = "n,,";

    public string ChannelBindingData { get; init; } = "";

    /// <summary>What the final message has in place of <see cref="Header"/> and of the server's nonce, duly signed.</summary>
    public string? FinalHeader { get; init; }

    /// <inheritdoc cref="FinalHeader"/>
    public string? FinalNonce { get; init; }

    public string First => Header + FirstBare;

    private string FirstBare => $"n={username},r={Nonce}";

    /// <summary>The client-final-message and the server-final-message to expect.</summary>
    public (string Final, string ServerFinal) Answer(string serverFirst)
    {
        var attributes = serverFirst.Split(',').ToDictionary(part => part[0], part => part[2..]);
        var binding = Convert.ToBase64String(Encoding.UTF8.GetBytes((FinalHeader ?? Header) + ChannelBindingData));
        var withoutProof = $"c={binding},r={FinalNonce ?? attributes['r']}";
        var authMessage = Encoding.UTF8.GetBytes($"{FirstBare},{serverFirst},{withoutProof}");

        var length = CryptographicOperations.HashData(hash, []).Length;
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password, Convert.FromBase64String(attributes['s']), int.Parse(attributes['i']), hash, length);
        var clientKey = CryptographicOperations.HmacData(hash, salted, "Client Key"u8.ToArray());
        var storedKey = CryptographicOperations.HashData(hash, clientKey);
        var signature = CryptographicOperations.HmacData(hash, storedKey, authMessage);
        var proof = clientKey.Zip(signature, (key, sign) => (byte)(key ^ sign)).ToArray();

        var serverKey = CryptographicOperations.HmacData(hash, salted, "Server Key"u8.ToArray());
        var serverSignature = CryptographicOperations.HmacData(hash, serverKey, authMessage);
        return ($"{withoutProof},p={Convert.ToBase64String(proof)}", $"v={Convert.ToBase64String(serverSignature)}");
    }

    /// <summary>The whole exchange; asserts that a success carries the right server signature.</summary>
    public async Task<SaslOutcome> LogInAsync(ISaslExchange exchange)
    {
        var outcome = await SaslScene.Send(exchange, First);
        if (outcome is not SaslOutcome.Challenge)
            return outcome;
        var (final, serverFinal) = Answer(SaslScene.Text(outcome));
        outcome = await SaslScene.Send(exchange, final);
        if (outcome is SaslOutcome.Success)
            Assert.Equal(serverFinal, SaslScene.Text(outcome));
        return outcome;
    }
}
