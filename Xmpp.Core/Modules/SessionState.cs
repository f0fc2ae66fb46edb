namespace Xmpp.Core.Modules;

/// <summary>The name of a piece of state that one module keeps in sessions.</summary>
public abstract class SessionKey(string? name)
{
    /// <summary>By which the state is found again after a restart; null for what ends with the process.</summary>
    internal string? Name => name;

    /// <summary>A key for a state that is there or isn't, and outlives the process with its session.</summary>
    public static SessionKey<object> Flag(string name) => new(name, _ => [], _ => name);

    internal abstract byte[] Write(object value);
}

/// <inheritdoc/>
/// <remarks>A private static field of the module.</remarks>
public sealed class SessionKey<T> : SessionKey
{
    private readonly Func<T, byte[]>? _write;

    /// <summary>A key for what ends with the process, if not before with the session.</summary>
    public SessionKey()
        : base(null)
    {
    }

    /// <summary>A key for what outlives the process with its session (XEP-0198).</summary>
    /// <param name="name">The module's own.</param>
    /// <param name="write">Called whenever the state is set, by whoever sets it.</param>
    /// <param name="read">Of what <paramref name="write"/> gave.</param>
    public SessionKey(string name, Func<T, byte[]> write, Func<byte[], T> read)
        : base(name) => (_write, Read) = (write, read);

    internal Func<byte[], T>? Read { get; }

    internal override byte[] Write(object value) => _write!((T)value);
}

/// <summary>State that modules keep in a session under keys of their own.</summary>
public sealed class SessionState
{
    // Few keys per session, so pairs in an array are smaller and faster than a dictionary. What comes from before a restart
    // stands under its key's name until it is asked for.
    private readonly Lock _lock = new();
    private (object Key, object? Value)[] _entries = [];
    private bool _hasSaved;

    public SessionState()
    {
    }

    /// <summary>State from before a restart.</summary>
    /// <param name="saved">What <see cref="Save"/> gave.</param>
    public SessionState(IEnumerable<KeyValuePair<string, byte[]>> saved)
    {
        _entries = [.. saved.Select(entry => ((object)entry.Key, (object?)entry.Value))];
        _hasSaved = _entries.Length > 0;
    }

    /// <summary>Called when something was set that outlives the process.</summary>
    public Action? Changed { get; set; }

    public T? Get<T>(SessionKey<T> key)
    {
        foreach (var (candidate, value) in _entries)
        {
            if (ReferenceEquals(candidate, key))
                return (T?)value;
        }
        return _hasSaved && key.Name is not null ? Recall(key) : default;
    }

    public void Set<T>(SessionKey<T> key, T? value)
    {
        lock (_lock)
        {
            // Copied, so that readers need no lock.
            var entries = _entries.Where(entry => !IsOf(entry.Key, key));
            _entries = value is null ? [.. entries] : [.. entries, (key, value)];
        }
        if (key.Name is not null)
            Changed?.Invoke();
    }

    /// <summary>What outlives the process, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Save() =>
    [
        .. _entries.Where(entry => entry.Key is string or SessionKey { Name: not null }).Select(entry => entry.Key is SessionKey key
            ? new KeyValuePair<string, byte[]>(key.Name!, key.Write(entry.Value!))
            : new KeyValuePair<string, byte[]>((string)entry.Key, (byte[])entry.Value!)),
    ];

    private static bool IsOf(object candidate, SessionKey key) =>
        ReferenceEquals(candidate, key) || (candidate is string name && name == key.Name);

    private T? Recall<T>(SessionKey<T> key)
    {
        lock (_lock)
        {
            var index = Array.FindIndex(_entries, entry => IsOf(entry.Key, key));
            if (index < 0)
                return default;
            if (_entries[index] is (string, byte[] saved))
            {
                var entries = _entries.ToArray();
                entries[index] = (key, key.Read!(saved));
                _entries = entries;
                _hasSaved = Array.Exists(entries, entry => entry.Key is string);
            }
            return (T?)_entries[index].Value;
        }
    }
}
