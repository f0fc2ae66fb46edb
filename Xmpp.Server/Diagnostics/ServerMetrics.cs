using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Diagnostics;

/// <summary>
/// What the server measures of itself, as instruments of the meter "XmppChat" for whoever listens (System.Diagnostics.Metrics), and as
/// totals for <c>xmppctl</c>.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    public const string MeterName = "XmppChat";

    private readonly Histogram<double> _commitTime;
    private readonly Counter<long> _failedCommits;
    private long _commits;
    private long _failures;
    private long _commitTicks;
    private long _longestCommitTicks;

    public ServerMetrics(ServerContext server)
    {
        _commitTime = Meter.CreateHistogram<double>(
            "xmppchat.commit.duration", "s", "From the arrival of a message to its being kept, which is when it counts as handled");
        _failedCommits = Meter.CreateCounter<long>("xmppchat.commit.failures", null, "Messages that could not be kept");
        Meter.CreateObservableGauge("xmppchat.sessions", () => server.Sessions.Count, null, "Bound sessions");
        Meter.CreateObservableGauge(
            "xmppchat.sessions.away", () => Queues(server).Away, null, "Sessions that wait for their clients to come back");
        Meter.CreateObservableGauge(
            "xmppchat.queue.stanzas", () => Queues(server).Stanzas, null, "Stanzas that clients have not acknowledged");
        Meter.CreateObservableGauge(
            "xmppchat.queue.bytes", () => Queues(server).Bytes, "By", "Bytes of stanzas that clients have not acknowledged");
        Meter.CreateObservableGauge("xmppchat.store.queue", () => server.Store.Status.QueuedWrites, null, "Writes that wait for the store");
    }

    /// <summary>This server's: there may be several in a process.</summary>
    public Meter Meter { get; } = new(MeterName);

    /// <summary>Commits that have ended, with what they took.</summary>
    public CommitTotals Commits
    {
        get
        {
            var count = Volatile.Read(ref _commits);
            return new(
                count,
                Volatile.Read(ref _failures),
                count == 0 ? 0 : Stopwatch.GetElapsedTime(0, Volatile.Read(ref _commitTicks) / count).TotalMilliseconds,
                Stopwatch.GetElapsedTime(0, Volatile.Read(ref _longestCommitTicks)).TotalMilliseconds);
        }
    }

    /// <summary>A message has been kept, or could not be.</summary>
    /// <param name="since">When it arrived: <see cref="Stopwatch.GetTimestamp"/>.</param>
    public void NoteCommit(long since, bool hasFailed)
    {
        var ticks = Stopwatch.GetTimestamp() - since;
        Interlocked.Increment(ref _commits);
        Interlocked.Add(ref _commitTicks, ticks);
        for (var longest = Volatile.Read(ref _longestCommitTicks); ticks > longest;)
            longest = Interlocked.CompareExchange(ref _longestCommitTicks, ticks, longest) is var found && found == longest ? ticks : found;
        _commitTime.Record(Stopwatch.GetElapsedTime(0, ticks).TotalSeconds);
        if (!hasFailed)
            return;
        Interlocked.Increment(ref _failures);
        _failedCommits.Add(1);
    }

    /// <summary>Walks over all sessions.</summary>
    public static QueueTotals Queues(ServerContext server)
    {
        var (away, stanzas, bytes) = (0, 0L, 0L);
        foreach (var session in server.Sessions.All)
        {
            if (session.Stream is null)
                away++;
            if (session.Management is not { } management)
                continue;
            stanzas += management.Unacknowledged.Count;
            bytes += management.Unacknowledged.Bytes;
        }
        return new(away, stanzas, bytes);
    }

    public void Dispose() => Meter.Dispose();
}

/// <summary>Messages of clients that had to be kept, since the start: until then they don't count as handled (XEP-0198).</summary>
/// <param name="Failed">Those that could not be kept.</param>
/// <param name="MeanMilliseconds">From the arrival to the commit.</param>
/// <param name="LongestMilliseconds">Of the slowest.</param>
public readonly record struct CommitTotals(long Count, long Failed, double MeanMilliseconds, double LongestMilliseconds);

/// <summary>What the server keeps for clients.</summary>
/// <param name="Away">Sessions without a connection.</param>
/// <param name="Stanzas">That were not acknowledged.</param>
/// <param name="Bytes">Of these.</param>
public readonly record struct QueueTotals(int Away, long Stanzas, long Bytes);
