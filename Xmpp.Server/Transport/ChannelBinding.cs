using Xmpp.Core.Sasl;

namespace Xmpp.Server.Transport;

/// <summary>The binding data of one TLS channel; a type that the channel can't give is null.</summary>
internal sealed class ChannelBinding : IChannelBinding
{
    private readonly byte[]? _exporter;
    private readonly byte[]? _unique;
    private readonly byte[]? _serverEndPoint;

    /// <param name="exporter">RFC 9266.</param>
    /// <param name="unique">RFC 5929 §3; never on TLS 1.3.</param>
    /// <param name="serverEndPoint">RFC 5929 §4.</param>
    public ChannelBinding(byte[]? exporter, byte[]? unique, byte[]? serverEndPoint)
    {
        (_exporter, _unique, _serverEndPoint) = (exporter, unique, serverEndPoint);
        Types = All[(exporter is null ? 0 : 1) | (unique is null ? 0 : 2) | (serverEndPoint is null ? 0 : 4)];
    }

    public IReadOnlyList<string> Types { get; }

    /// <summary>The lists for every combination, so that connections share them.</summary>
    private static IReadOnlyList<string>[] All { get; } =
    [
        .. Enumerable.Range(0, 8).Select(bits => (string[])
        [
            .. (bits & 1) == 0 ? [] : (string[])["tls-exporter"],
            .. (bits & 2) == 0 ? [] : (string[])["tls-unique"],
            .. (bits & 4) == 0 ? [] : (string[])["tls-server-end-point"],
        ]),
    ];

    /// <summary>Of a channel that nobody binds to.</summary>
    public static ChannelBinding None { get; } = new(null, null, null);

    public byte[]? Get(string type) => type switch
    {
        "tls-exporter" => _exporter,
        "tls-unique" => _unique,
        "tls-server-end-point" => _serverEndPoint,
        _ => null,
    };
}
