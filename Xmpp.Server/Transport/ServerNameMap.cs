using System.Globalization;
using System.Text;

namespace Xmpp.Server.Transport;

/// <summary>What belongs to each host name that a client can ask for by SNI (RFC 6066 §3).</summary>
internal sealed class ServerNameMap<T>
    where T : class
{
    private readonly Dictionary<string, T> _entries = new(StringComparer.OrdinalIgnoreCase);

    private ServerNameMap(T defaultEntry) => Default = defaultEntry;

    /// <summary>The first certificate's.</summary>
    public T Default { get; }

    public IEnumerable<T> Entries => _entries.Values.Append(Default).Distinct();

    /// <summary>Makes one entry for each pair of files.</summary>
    public static ServerNameMap<T> Create(IReadOnlyList<TlsCertificate> certificates, Func<TlsCertificate, T> create)
    {
        if (certificates.Count == 0)
            throw new TlsConfigurationException("TLS needs at least one certificate.");
        var created = new Dictionary<(string, string), T>();
        ServerNameMap<T>? map = null;
        foreach (var certificate in certificates)
        {
            var files = (certificate.ChainFile, certificate.KeyFile);
            if (!created.TryGetValue(files, out var entry))
                created.Add(files, entry = create(certificate));
            map ??= new(entry);
            map._entries.TryAdd(ServerNameMap.ToAscii(certificate.Host), entry);
        }
        return map!;
    }

    /// <summary>The name's own entry, else that of its nearest parent, else the default.</summary>
    public T Find(string? serverName)
    {
        if (serverName is null)
            return Default;
        if (_entries.TryGetValue(serverName, out var exact))
            return exact;
        for (var dot = serverName.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = serverName.IndexOf('.', dot + 1))
        {
            if (_entries.TryGetValue($"*{serverName[dot..]}", out var entry) || _entries.TryGetValue(serverName[(dot + 1)..], out entry))
                return entry;
        }
        return Default;
    }
}

/// <summary>How host names are compared.</summary>
internal static class ServerNameMap
{
    /// <summary>The A-labels of a host name or wildcard; addresses stay as they are.</summary>
    public static string ToAscii(string host)
    {
        if (Ascii.IsValid(host))
            return host;
        var idn = new IdnMapping();
        return host.StartsWith("*.", StringComparison.Ordinal) ? $"*.{idn.GetAscii(host[2..])}" : idn.GetAscii(host);
    }
}
