using System.Buffers;
using Xmpp.Core.Precis;

namespace Xmpp.Core;

/// <summary>Prepares the parts of an address for comparison (RFC 7622 §3.2-3.4).</summary>
internal static class JidPreparation
{
    /// <summary>Preparation makes text up to three times shorter (fullwidth letters, jamo); what is longer is refused unseen.</summary>
    private const int MaxUnpreparedLength = 3 * Jid.MaxPartLength;

    // §3.3.1
    private static readonly SearchValues<byte> _excludedFromLocalpart = SearchValues.Create("\"&'/:<>@"u8);

    // Each writes the prepared part; false when the part is not valid.

    public static bool TryPrepareLocalpart(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        written = 0;
        return utf8.Length <= MaxUnpreparedLength
            && UsernameCaseMapped.TryEnforce(utf8, Limit(destination), out written)
            && !destination[..written].ContainsAny(_excludedFromLocalpart);
    }

    public static bool TryPrepareDomainpart(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        written = 0;
        return utf8.Length <= MaxUnpreparedLength && DomainName.TryPrepare(utf8, Limit(destination), out written);
    }

    public static bool TryPrepareResourcepart(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        written = 0;
        return utf8.Length <= MaxUnpreparedLength
            && OpaqueString.TryEnforce(utf8, Limit(destination), out written)
            && destination[0] != ' '; // §3.5, example 18
    }

    private static Span<byte> Limit(Span<byte> destination) => destination[..Math.Min(destination.Length, Jid.MaxPartLength)];
}
