namespace Xmpp.Modules.Portability;

/// <summary>What was not taken over, by name, and how often.</summary>
public sealed class LeftOut
{
    private const int MaxNames = 1000;
    private const string Others = "others";

    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>Counts one.</summary>
    public void Add(string name)
    {
        // Whoever writes the file chooses the names.
        if (_counts.Count >= MaxNames && !_counts.ContainsKey(name))
            name = Others;
        _counts[name] = _counts.GetValueOrDefault(name) + 1;
    }
}
