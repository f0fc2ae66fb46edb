using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Xmpp.Bench.Client;

/// <summary>
/// Logins by tokens (XEP-0484): one message authenticates and binds a resource. An account's first login is by its password, and gets the
/// token.
/// </summary>
internal sealed partial class FastLogins(Target target)
{
    private const string Mechanism = "HT-SHA-256-NONE";

    private readonly ConcurrentDictionary<int, byte[]> _tokens = new();

    /// <summary>Connects, authenticates as account <paramref name="number"/> and binds its client's resource.</summary>
    public ClientStream Login(int number)
    {
        var stream = ClientStream.Connect(target);
        try
        {
            if (_tokens.TryGetValue(number, out var token))
                LogIn(stream, number, token);
            else
                _tokens[number] = GetToken(stream, number);
            _ = stream.Next(); // The features.
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private void LogIn(ClientStream stream, int number, byte[] token)
    {
        var proof = HMACSHA256.HashData(token, "Initiator"u8);
        var success = Authenticate(
            stream, number, Mechanism, [.. Encoding.UTF8.GetBytes($"{target.User(number)}\0"), .. proof], "<fast xmlns='urn:xmpp:fast:0'/>");
        if (!success.Contains(Convert.ToBase64String(HMACSHA256.HashData(token, "Responder"u8)), StringComparison.Ordinal))
            throw new BenchException("the server's proof is wrong");
    }

    private byte[] GetToken(ClientStream stream, int number)
    {
        var message = Encoding.UTF8.GetBytes($"\0{target.User(number)}\0{target.Password(number)}");
        var success = Authenticate(
            stream, number, "PLAIN", message, $"<request-token xmlns='urn:xmpp:fast:0' mechanism='{Mechanism}'/>");
        var token = Token().Match(success);
        return token.Success ? Encoding.UTF8.GetBytes(token.Groups[1].Value) : throw new BenchException($"there is no token in {success}");
    }

    private static string Authenticate(ClientStream stream, int number, string mechanism, byte[] message, string inline)
    {
        var agent = $"00000000-0000-4000-8000-{number.ToString("x12", CultureInfo.InvariantCulture)}";
        stream.Send($"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='{mechanism}'>"
            + $"<initial-response>{Convert.ToBase64String(message)}</initial-response><user-agent id='{agent}'/>"
            + $"{inline}<bind xmlns='urn:xmpp:bind:0'/></authenticate>");
        var answer = stream.Next();
        return answer.StartsWith("<success", StringComparison.Ordinal) && answer.Contains("<bound", StringComparison.Ordinal)
            ? answer
            : throw new BenchException($"the server doesn't let account {number} in by {mechanism}: {answer}");
    }

    [GeneratedRegex(" token=['\"]([^'\"]+)['\"]")]
    private static partial Regex Token();
}
