using Xmpp.Core.Sasl;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>What streams over HTTP have in common.</summary>
internal static class StreamsOverHttp
{
    /// <summary>TLS is below HTTP: what binds SCRAM to it a stream can't have.</summary>
    public static TlsInfo Https { get; } = new("HTTPS", "", null, null, null, new NoChannelBinding());

    /// <summary>The limits of TCP.</summary>
    public static SocketConnectionOptions ConnectionOptions(ServerContext server)
    {
        var limits = server.Current.Options.Limits;
        return new SocketConnectionOptions
        {
            MaxInputBytes = 2 * limits.StanzaBytes,
            MaxOutputBytes = limits.OutputBytes,
            TimeProvider = server.Time,
        };
    }

    private sealed class NoChannelBinding : IChannelBinding
    {
        public IReadOnlyList<string> Types => [];

        public byte[]? Get(string type) => null;
    }
}
