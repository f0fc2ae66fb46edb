using System.Diagnostics;

namespace Xmpp.Bench.Measuring;

/// <summary>CPU used by the server and by this process since construction.</summary>
internal sealed class CpuMeter
{
    private readonly ServerProcess? _server;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly TimeSpan _serverAtStart;
    private readonly TimeSpan _clientAtStart = Environment.CpuUsage.TotalTime;

    public CpuMeter(ServerProcess? server)
    {
        _server = server;
        _serverAtStart = server?.CpuTime() ?? TimeSpan.Zero;
    }

    public CpuUse Read() => new(
        Stopwatch.GetElapsedTime(_startedAt),
        _server is null ? null : _server.CpuTime() - _serverAtStart,
        Environment.CpuUsage.TotalTime - _clientAtStart);
}

/// <param name="Server">Null when no server process was named.</param>
internal readonly record struct CpuUse(TimeSpan Elapsed, TimeSpan? Server, TimeSpan Client);
