using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Xmpp.Bench.Client;

internal enum TlsMode
{
    None,
    StartTls,
    Direct,
}

/// <summary>The server under test, and how its accounts are named.</summary>
/// <param name="UserPattern">Localpart with <c>{n}</c> for the number of the account, from 0.</param>
/// <param name="PasswordPattern">Password with the same placeholder.</param>
/// <param name="Mechanism">A SASL mechanism, or null for the strongest one that both sides know.</param>
/// <param name="Timeout">How long any single answer may take.</param>
/// <param name="OverWebSocket">Whether streams go over a WebSocket, at "/xmpp-websocket" (RFC 7395).</param>
internal sealed record Target(
    string Host,
    int Port,
    string Domain,
    TlsMode Tls,
    string UserPattern,
    string PasswordPattern,
    string? Mechanism,
    TimeSpan Timeout,
    bool OverWebSocket)
{
    public string User(int number) => Fill(UserPattern, number);

    public string Password(int number) => Fill(PasswordPattern, number);

    public string BareJid(int number) => $"{User(number)}@{Domain}";

    /// <summary>The number of the account that an address belongs to; -1 if it is none of them.</summary>
    public int NumberOf(ReadOnlySpan<byte> jid)
    {
        var prefixLength = UserPattern.IndexOf('{', StringComparison.Ordinal);
        return prefixLength >= 0 && jid.Length > prefixLength && Ascii.Equals(jid[..prefixLength], UserPattern.AsSpan(0, prefixLength))
            && Utf8Parser.TryParse(jid[prefixLength..], out int number, out _) ? number : -1;
    }

    private static string Fill(string pattern, int number) =>
        pattern.Replace("{n}", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
