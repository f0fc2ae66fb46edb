namespace Xmpp.Server.Dns;

/// <summary>Answers until their time is over, there being nothing included (RFC 2308). Bounded; one thread at a time.</summary>
internal sealed class DnsCache(int capacity, TimeProvider time)
{
    private readonly Dictionary<(string Name, DnsType Type), (DnsAnswer Answer, DateTimeOffset Until)> _answers = [];

    public DnsAnswer? Find(string name, DnsType type) =>
        _answers.TryGetValue((name, type), out var known) && known.Until > time.GetUtcNow() ? known.Answer : null;

    public void Add(string name, DnsType type, DnsAnswer answer, TimeSpan lifetime)
    {
        if (lifetime <= TimeSpan.Zero)
            return;
        if (_answers.Count >= capacity)
            MakeRoom();
        _answers[(name, type)] = (answer, time.GetUtcNow() + lifetime);
    }

    /// <summary>What is over goes; if that isn't enough, any half of the rest: it is asked for again.</summary>
    private void MakeRoom()
    {
        var now = time.GetUtcNow();
        foreach (var (key, known) in _answers.ToList())
        {
            if (known.Until <= now)
                _answers.Remove(key);
        }
        foreach (var key in _answers.Keys.Skip(capacity / 2).ToList())
            _answers.Remove(key);
    }
}
