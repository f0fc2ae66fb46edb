using System.Globalization;
using System.Net;

namespace Xmpp.Server.Dns;

/// <summary>Where to ask, as resolv.conf(5) says.</summary>
internal static class ResolverConfiguration
{
    public const string File = "/etc/resolv.conf";

    private const int Port = 53;
    private const int MaxServers = 3;

    /// <summary>The servers of the machine's configuration; as there, none means one on this machine.</summary>
    public static IReadOnlyList<IPEndPoint> OfSystem()
    {
        try
        {
            return Parse(System.IO.File.ReadAllText(File));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Parse("");
        }
    }

    /// <summary>Reads the "nameserver" lines of such a file.</summary>
    public static IReadOnlyList<IPEndPoint> Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var server) && servers.Count < MaxServers)
                servers.Add(new(server, Port));
        }
        return servers.Count > 0 ? servers : [new(IPAddress.Loopback, Port)];
    }

    /// <summary>Reads a server's address, with a port or without: "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:5353".</summary>
    public static IPEndPoint? ParseServer(string text)
    {
        if (IPAddress.TryParse(text, out var address) && !text.StartsWith('['))
            return new(address, Port);
        return IPEndPoint.TryParse(text, out var endPoint)
            && text.EndsWith($":{endPoint.Port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal)
            && endPoint.Port > 0
            ? endPoint
            : null;
    }
}
