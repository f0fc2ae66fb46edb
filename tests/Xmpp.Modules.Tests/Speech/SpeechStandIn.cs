using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Xmpp.Modules.Tests.Speech;

/// <summary>What stands in for an engine: an HTTP server that notes what it is asked.</summary>
internal sealed class SpeechStandIn : IDisposable
{
    private readonly HttpListener _listener;

    private SpeechStandIn(HttpListener listener, Uri url) => (_listener, Url) = (listener, url);

    public Uri Url { get; }

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>Of the next requests.</summary>
    public string Answer { get; set; } = """{ "text": " But soft! " }""";

    /// <summary>The keys that were given, and the forms.</summary>
    public ConcurrentQueue<(string? Key, string Form)> Requests { get; } = new();

    /// <summary>When set, requests are answered once it is completed.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public static SpeechStandIn Start()
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
            try
            {
                listener.Start();
            }
            catch (HttpListenerException)
            {
                // Somebody has taken it meanwhile.
                continue;
            }
            var engine = new SpeechStandIn(listener, new Uri($"http://127.0.0.1:{port}/v1/audio/transcriptions"));
            _ = engine.ServeAsync();
            return engine;
        }
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.GetContextAsync());
        }
        catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream, Encoding.Latin1);
            var form = await reader.ReadToEndAsync();
            Requests.Enqueue((context.Request.Headers["Authorization"], form));
            if (Gate is { } gate)
                await gate.Task;
            context.Response.StatusCode = (int)Status;
            context.Response.Close(Encoding.UTF8.GetBytes(Answer), willBlock: false);
        }
        catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }
}
