using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>Kestrel on one address. Nothing else of the web server that ASP.NET Core makes of it: no host, no container, no MVC.</summary>
internal sealed class WebListener : IAsyncDisposable
{
    /// <summary>Of content that no route asks for: forms, mistakes.</summary>
    private const int MaxContentBytes = 64 * 1024;

    /// <summary>What is read from a client before anybody asks for it.</summary>
    private const int MaxReadAhead = 128 * 1024;

    private static readonly TimeSpan SlowGrace = TimeSpan.FromSeconds(5);

    private readonly KestrelServer _kestrel;

    private WebListener(KestrelServer kestrel, IPEndPoint endPoint) => (_kestrel, EndPoint) = (kestrel, endPoint);

    /// <summary>Where it listens, with the port that the system chose for 0.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Binds, and begins to accept.</summary>
    /// <param name="tls">The certificates that a handshake takes which begins now.</param>
    /// <exception cref="ListenException">The address is taken, forbidden or not of this machine.</exception>
    public static async Task<WebListener> StartAsync(
        HttpListenerOptions listener, HttpOptions options, WebRequests requests, Func<SslStreamServer> tls, ILogger logger)
    {
        var anyIPv6 = listener.Address.Equals(IPAddress.IPv6Any);
        var endPoint = new IPEndPoint(anyIPv6 && !Socket.OSSupportsIPv6 ? IPAddress.Any : listener.Address, listener.Port);
        var kestrelOptions = OptionsOf(options);
        kestrelOptions.Listen(endPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection =>
            {
                connection.Features.Set(listener);
                return next(connection);
            });
            if (listener.Tls)
            {
                var https = new HttpsConnections(tls, logger);
                listen.Use(next => connection => https.RunAsync(connection, next));
            }
        });
        // Kestrel's own log would tell what stood in requests that it did not understand.
        var kestrel = new KestrelServer(Options.Create(kestrelOptions), WebTransport.Create(), NullLoggerFactory.Instance);
        try
        {
            await kestrel.StartAsync(requests, CancellationToken.None);
        }
        catch (Exception failure) when (SocketErrorOf(failure) is { } reason)
        {
            kestrel.Dispose();
            throw ListenException.Of(endPoint, reason);
        }
        var bound = new Uri(kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return new WebListener(kestrel, new IPEndPoint(endPoint.Address, bound.Port));
    }

    /// <summary>Takes no new connections, and drops those that have not ended when the token is cancelled.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _kestrel.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
    }

    private static KestrelServerOptions OptionsOf(HttpOptions options)
    {
        var rate = options.MinimumBytesPerSecond == 0 ? null : new MinDataRate(options.MinimumBytesPerSecond, SlowGrace);
        var limits = new KestrelServerOptions { AddServerHeader = false };
        limits.Limits.MaxConcurrentConnections = options.Connections;
        limits.Limits.KeepAliveTimeout = options.KeepAliveTimeout;
        limits.Limits.RequestHeadersTimeout = options.HeaderTimeout;
        limits.Limits.MaxRequestHeadersTotalSize = options.HeaderBytes;
        limits.Limits.MaxRequestLineSize = options.HeaderBytes;
        limits.Limits.MaxRequestBufferSize = Math.Max(MaxReadAhead, options.HeaderBytes);
        limits.Limits.MaxRequestBodySize = MaxContentBytes;
        limits.Limits.MinRequestBodyDataRate = rate;
        limits.Limits.MinResponseDataRate = rate;
        return limits;
    }

    private static SocketException? SocketErrorOf(Exception failure) => failure switch
    {
        SocketException error => error,
        AddressInUseException => new SocketException((int)SocketError.AddressAlreadyInUse),
        { InnerException: { } inner } => SocketErrorOf(inner),
        _ => null,
    };
}
