using BenchmarkDotNet.Attributes;
using Xmpp.Core;
using Xmpp.Testing;

namespace Xmpp.Microbench;

/// <summary>From bytes read to bytes written: framing, routing, stamping; no sockets.</summary>
[MemoryDiagnoser]
public class RouterBenchmarks
{
    private const int Messages = 100_000;

    private TestServer _server = null!;
    private int _logins;

    [GlobalSetup]
    public void Setup() => SetupAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Cleanup() => _server.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>One login is in it, too: nothing beside so many messages.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public void MessageToFullJid() => Replay("juliet@localhost/balcony");

    [Benchmark(OperationsPerInvoke = Messages)]
    public void MessageToBareJid() => Replay("juliet@localhost");

    // Not every toolchain of BenchmarkDotNet waits for tasks.
    private void Replay(string to) => _server.ReplayAsync(
        Jid.Parse($"romeo@localhost/{Interlocked.Increment(ref _logins)}"),
        $"<message to='{to}' type='chat' id='a1b2c3'><body>It is the east, and Juliet is the sun.</body></message>",
        Messages,
        _ => { }).GetAwaiter().GetResult();

    private async Task SetupAsync()
    {
        _server = await TestServer.StartAsync(options => options with { Limits = options.Limits with { SessionBytesPerSecond = 0 } });
        await _server.ConnectSinkAsync(Jid.Parse("juliet@localhost/balcony"));
    }
}
