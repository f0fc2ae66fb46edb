using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;

namespace Xmpp.Server.Bytestreams;

/// <summary>By what both clients of a bytestream name it (XEP-0065 §6.3.2).</summary>
internal static class BytestreamName
{
    /// <summary>Of SHA-1 in hexadecimal digits.</summary>
    public const int Length = 40;

    [SuppressMessage("Security", "CA5350", Justification = "The protocol has no other, and nothing depends on its strength (§11.4).")]
    public static string Of(string sid, Jid requester, Jid target) =>
        Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes($"{sid}{requester}{target}")));
}
