using System.Net;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Modules;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>
/// The HTTP listeners: opened and closed as the configuration says. While there are none, nothing of the web server is in memory: what
/// needs Kestrel is below <see cref="OpenAsync"/>.
/// </summary>
internal sealed class WebServer(ServerContext server, ILogger logger) : IHttpAddresses, IAsyncDisposable
{
    private readonly Dictionary<string, (HttpListenerOptions Options, WebListener Listener)> _open = [];
    private readonly List<Task> _ending = [];
    private readonly CancellationTokenSource _dropping = new();

    /// <summary>By which clients connect, as XEP-0156 names it, and where.</summary>
    public static IReadOnlyList<(string Name, string Path, bool IsWebSocket)> Streams { get; } =
        [("websocket", WebSocketEndpoint.Path, true), ("xbosh", BoshEndpoint.Path, false)];

    /// <summary>Where clients connect by TLS alone (XEP-0368); null when they can't.</summary>
    public int? DirectTlsPort => server.Current.Options.Listeners.FirstOrDefault(listener => listener.Tls is ListenerTls.Direct)?.Port;

    /// <summary>Where it listens, with the ports that the system chose.</summary>
    public IReadOnlyList<(HttpListenerOptions Options, IPEndPoint EndPoint)> Listeners
    {
        get
        {
            lock (_open)
                return [.. _open.Values.Select(open => (open.Options, open.Listener.EndPoint))];
        }
    }

    public string? UrlOf(string host, string path) =>
        server.Current.Options.Http.BaseOf(host, PortOf) is { } start ? start + path : null;

    /// <summary>Opens and closes listeners until they are the wanted ones; those that stay are not touched.</summary>
    /// <exception cref="ListenException">One can't be opened; all is as it was.</exception>
    public async Task ApplyAsync(HttpOptions wanted)
    {
        var removed = _open.Where(open => !wanted.Listeners.Any(listener => KeyOf(listener, wanted) == open.Key)).ToList();
        var added = wanted.Listeners.Where(listener => !_open.ContainsKey(KeyOf(listener, wanted))).ToList();
        // First the old ones: a new one may want the same port.
        foreach (var (key, open) in removed)
            Close(key, open.Listener);
        try
        {
            foreach (var listener in added)
                Add(KeyOf(listener, wanted), listener, await OpenAsync(listener, wanted));
        }
        catch (ListenException)
        {
            foreach (var key in added.Select(listener => KeyOf(listener, wanted)).Where(_open.ContainsKey))
                Close(key, _open[key].Listener);
            // Its other options are in the key, so those that it had count.
            foreach (var (key, open) in removed)
                Add(key, open.Options, await OpenAsync(open.Options, server.Current.Options.Http));
            throw;
        }
    }

    /// <summary>Takes no new connections; those that are there may come to their end, with which this completes.</summary>
    public Task CloseAsync()
    {
        foreach (var (key, open) in _open.ToList())
            Close(key, open.Listener);
        return Task.WhenAll(_ending);
    }

    /// <summary>Drops what has not come to its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _dropping.CancelAsync();
        await Task.WhenAll(_ending);
        _dropping.Dispose();
    }

    private async Task<WebListener> OpenAsync(HttpListenerOptions listener, HttpOptions options) => await WebListener.StartAsync(
        listener, options, new WebRequests(server, logger), () => server.Current.WebTls!, logger);

    private void Add(string key, HttpListenerOptions options, WebListener listener)
    {
        lock (_open)
            _open.Add(key, (options, listener));
    }

    private void Close(string key, WebListener listener)
    {
        lock (_open)
            _open.Remove(key);
        _ending.RemoveAll(task => task.IsCompleted);
        _ending.Add(EndAsync(listener));
    }

    private async Task EndAsync(WebListener listener)
    {
        await listener.StopAsync(_dropping.Token);
        await listener.DisposeAsync();
    }

    private int PortOf(HttpListenerOptions options)
    {
        lock (_open)
            return _open.Values.FirstOrDefault(open => open.Options == options).Listener?.EndPoint.Port ?? options.Port;
    }

    /// <summary>Two listeners with the same key are the same listener: all that its connections are made with is in it.</summary>
    private static string KeyOf(HttpListenerOptions listener, HttpOptions options) =>
        $"{listener.Address} {listener.Port} {listener.Tls} {string.Join(',', listener.TrustedProxies)} {options.Connections} "
        + $"{options.HeaderTimeout} {options.KeepAliveTimeout} {options.MinimumBytesPerSecond} {options.HeaderBytes}";
}
