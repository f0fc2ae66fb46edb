using System.Text;
using Xmpp.Core.Modules;

namespace Xmpp.Core.Sasl;

/// <summary>
/// XEP-0474 SASL SCRAM Downgrade Protection: a hash of what the server advertised, under the signatures of the exchange, tells a
/// client that nobody shortened the lists on their way.
/// </summary>
[Xep(474, "0.5.0")]
internal static class DowngradeProtection
{
    private const char Between = '\x1E';
    private const char BeforeChannelBindings = '\x1F';

    /// <summary>The value of the attribute "h" (§5.1), in base64; null when nothing was advertised that could be protected.</summary>
    public static string? HashOfOffer(SaslContext context, ScramHash hash)
    {
        if (context.OfferedMechanisms.Count == 0)
            return null;
        var offer = Sorted(context.OfferedMechanisms);
        if (context.OfferedChannelBindings is { Count: > 0 } bindings)
            offer += BeforeChannelBindings + Sorted(bindings);

        Span<byte> digest = stackalloc byte[hash.Length];
        hash.Hash(Encoding.ASCII.GetBytes(offer), digest);
        return Convert.ToBase64String(digest);
    }

    private static string Sorted(IEnumerable<string> names) => string.Join(Between, names.Order(StringComparer.Ordinal));
}
