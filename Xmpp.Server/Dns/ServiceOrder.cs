using System.Security.Cryptography;

namespace Xmpp.Server.Dns;

/// <summary>Where a service is, as a SRV record says it.</summary>
/// <param name="Host">A-labels, or an IP address.</param>
/// <param name="IsDirectTls">TLS from the first byte (XEP-0368).</param>
/// <param name="IsSecure">DNSSEC proves that the domain's server is there (RFC 7673 §3.1).</param>
internal sealed record ServiceTarget(string Host, int Port, bool IsDirectTls, bool IsSecure = false);

/// <summary>The order of RFC 2782: lower priorities first; within one, weights are the odds.</summary>
internal static class ServiceOrder
{
    /// <param name="random">A number from 0 up to the given one, inclusive.</param>
    public static List<ServiceTarget> Of(
        IEnumerable<(ServiceRecord Record, bool IsDirectTls)> records, Func<int, int>? random = null)
    {
        random ??= most => RandomNumberGenerator.GetInt32(most + 1);
        var ordered = new List<ServiceTarget>();
        foreach (var priority in records.GroupBy(entry => entry.Record.Priority).OrderBy(group => group.Key))
        {
            // Those of weight 0 first, so that they have a small chance only.
            var left = priority.OrderBy(entry => entry.Record.Weight != 0).ToList();
            while (left.Count > 0)
            {
                var chosen = random(left.Sum(entry => entry.Record.Weight));
                var sum = 0;
                var index = left.FindIndex(entry => (sum += entry.Record.Weight) >= chosen);
                var (record, isDirectTls) = left[index];
                left.RemoveAt(index);
                ordered.Add(new(record.Target, record.Port, isDirectTls));
            }
        }
        return ordered;
    }
}
