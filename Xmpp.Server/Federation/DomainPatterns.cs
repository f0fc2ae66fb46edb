using System.Collections.Frozen;
using Xmpp.Core;

namespace Xmpp.Server.Federation;

/// <summary>A list of domains: single ones, "*.example.org" for all below one, "*" for all.</summary>
internal sealed class DomainPatterns(IEnumerable<string> patterns)
{
    private readonly FrozenSet<string> _patterns = patterns.ToFrozenSet(StringComparer.Ordinal);

    public bool IsEmpty => _patterns.Count == 0;

    /// <summary>A pattern as it is compared; null when it is none.</summary>
    public static string? TryNormalize(string text)
    {
        if (text == "*")
            return text;
        var isBelow = text.StartsWith("*.", StringComparison.Ordinal);
        return Jid.TryCreate(null, isBelow ? text[2..] : text, null, out var jid) ? (isBelow ? "*." : "") + jid.Domain : null;
    }

    /// <param name="domain">A domainpart.</param>
    public bool Contains(string domain)
    {
        if (IsEmpty)
            return false;
        if (_patterns.Contains("*") || _patterns.Contains(domain))
            return true;
        for (var dot = domain.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = domain.IndexOf('.', dot + 1))
        {
            if (_patterns.Contains($"*{domain[dot..]}"))
                return true;
        }
        return false;
    }
}
