using System.Text;
using BenchmarkDotNet.Attributes;
using Xmpp.Core;

namespace Xmpp.Microbench;

/// <summary>Addresses: parsed for the first time and again, compared, looked up.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class JidBenchmarks
{
    private const int Accounts = 100_000;

    private readonly byte[] _known = Encoding.UTF8.GetBytes("juliet@example.com/balcony");
    private readonly byte[][] _cold = Octets("user{0}@example.com/balcony");
    private readonly byte[][] _international = Octets("n\u00FAria{0}@b\u00FCcher.example/\u00C1tica");
    private readonly Dictionary<Jid, int> _sessions = [];
    private readonly Jid _one = Jid.Parse("user500@example.com/balcony");
    private Jid _same = Jid.Parse("user500@example.com/balcony");
    private int _next;

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < Accounts; i++)
            _sessions.Add(Jid.Parse($"user{i}@example.com/balcony"), i);
        // The cache has forgotten it by now: an equal address, not the same instance.
        _same = Jid.Parse("user500@example.com/balcony");
    }

    [Benchmark]
    public bool ParseKnown() => Jid.TryParse(_known, out _);

    [Benchmark]
    public bool ParseCold() => Jid.TryParse(_cold[Next()], out _);

    [Benchmark]
    public bool ParseColdInternational() => Jid.TryParse(_international[Next()], out _);

    [Benchmark]
    public bool Equality() => _one == _same;

    [Benchmark]
    public bool LookUp() => _sessions.ContainsKey(_same);

    private static byte[][] Octets(string format) =>
        [.. Enumerable.Range(0, Accounts).Select(i => Encoding.UTF8.GetBytes(string.Format(null, format, i)))];

    private int Next() => _next = (_next + 1) % Accounts;
}
