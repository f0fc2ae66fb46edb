using System.Diagnostics;
using System.Text;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Native;

namespace Xmpp.Bench.Scenarios;

/// <summary>One session of a loop: what it sends and what it is to receive.</summary>
/// <param name="acknowledgements">Null when the session does without.</param>
internal sealed class Peer(ClientStream stream, Flow outgoing, Flow incoming, Acknowledgements? acknowledgements = null)
{
    public Channel Channel { get; } = stream.Channel;

    public Flow Outgoing { get; } = outgoing;

    public Flow Incoming { get; } = incoming;

    public Acknowledgements? Acknowledgements { get; } = acknowledgements;

    public bool IsDone => Outgoing.IsDrained && Acknowledgements is not { IsComplete: false };

    /// <summary>The beginning of an element whose end has not arrived.</summary>
    public byte[] Rest { get; set; } = stream.Unread.ToArray();

    public int RestLength { get; set; } = stream.Unread.Length;
}

/// <summary>How stanzas are set off.</summary>
/// <param name="Window">
/// With <paramref name="Rate"/> 0: stanzas under way between two peers; each one that arrives sets off the next in the other direction.
/// </param>
/// <param name="Rate">Stanzas per second of the whole loop, at equal distances; 0 for as many as the window gives.</param>
internal readonly record struct Pace(int Window, double Rate);

/// <summary>
/// A thread that sends on its sessions and reads from them by epoll. In steady state it allocates nothing and makes two system calls per
/// stanza, plus its share of an epoll_wait.
/// </summary>
internal sealed class TrafficLoop : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(20);

    private readonly Epoll _epoll = new();
    private readonly IReadOnlyList<Peer> _peers;
    private readonly string _kind;
    private readonly byte[] _kindName;
    private readonly Pace _pace;
    private readonly TimeSpan _drainTime;
    private readonly byte[] _input = new byte[256 * 1024];
    private readonly byte[] _output = new byte[64 * 1024];
    private readonly Thread _thread;

    private volatile bool _measuring;
    private volatile bool _stopping;
    private long _received;
    private long _scheduled;

    /// <param name="kind">The name of the stanzas that count.</param>
    public TrafficLoop(IReadOnlyList<Peer> peers, string kind, Pace pace, TimeSpan drainTime)
    {
        _peers = peers;
        _kind = kind;
        _kindName = Encoding.ASCII.GetBytes(kind);
        _pace = pace;
        _drainTime = drainTime;
        _thread = new(Run) { IsBackground = true, Name = "traffic" };
        for (var i = 0; i < peers.Count; i++)
            _epoll.Add(peers[i].Channel.Descriptor, i);
    }

    public long Received => Volatile.Read(ref _received);

    /// <summary>Latencies of what arrived while measuring. Read it after <see cref="Stop"/>.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Why the loop ended early.</summary>
    public Exception? Failure { get; private set; }

    public void Start() => _thread.Start();

    public void StartMeasuring() => _measuring = true;

    public void StopMeasuring() => _measuring = false;

    /// <summary>Sends nothing more, waits for what is under way, ends the thread.</summary>
    public void Stop()
    {
        _stopping = true;
        _thread.Join();
    }

    public void Dispose() => _epoll.Dispose();

    private void Run()
    {
        try
        {
            var start = Stopwatch.GetTimestamp();
            if (_pace.Rate == 0)
                FillWindows(start);
            while (!_stopping)
            {
                Poll(_pace.Rate == 0 ? LongestWait : UntilNextDue(start));
                if (_pace.Rate != 0)
                    SendDue(start);
            }
            var stoppedAt = Stopwatch.GetTimestamp();
            foreach (var peer in _peers)
                peer.Acknowledgements?.Ask();
            while (_peers.Any(peer => !peer.IsDone) && Stopwatch.GetElapsedTime(stoppedAt) < _drainTime)
                Poll(LongestWait);
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    /// <summary>Starts each conversation once: from the peer whose outgoing flow has not been counted as another's incoming one.</summary>
    private void FillWindows(long now)
    {
        var answered = new HashSet<Flow>();
        foreach (var peer in _peers)
        {
            if (answered.Contains(peer.Outgoing))
                continue;
            peer.Outgoing.Send(_pace.Window, now, _output);
            peer.Acknowledgements?.Sent(_pace.Window);
            answered.Add(peer.Incoming);
            answered.Add(peer.Outgoing);
        }
    }

    private void Poll(TimeSpan timeout)
    {
        var ready = _epoll.Wait(timeout);
        for (var i = 0; i < ready; i++)
            Read(_peers[_epoll.Key(i)]);
    }

    private void Read(Peer peer)
    {
        int read;
        do
        {
            var kept = peer.RestLength;
            peer.Rest.AsSpan(0, kept).CopyTo(_input);
            read = peer.Channel.Receive(_input.AsSpan(kept));
            if (read == 0)
                throw new BenchException("the server closed a connection");
            if (read > 0)
                Take(peer, _input.AsSpan(0, kept + read));
        }
        while (read > 0 && peer.Channel.HasPending);
    }

    private void Take(Peer peer, ReadOnlySpan<byte> input)
    {
        var now = Stopwatch.GetTimestamp();
        var taken = 0;
        while (ElementScanner.TryRead(ref input, out var element))
        {
            if (peer.Acknowledgements is { } acknowledgements && !acknowledgements.Take(element))
                continue;
            if (element.Name.SequenceEqual(_kindName))
            {
                if (element.IsError)
                    throw new BenchException($"the server refused a {_kind}: {Encoding.UTF8.GetString(element.Whole)}");
                var sentAt = peer.Incoming.Receive(element.Id);
                if (_measuring)
                    Latencies.Record(Stopwatch.GetElapsedTime(sentAt, now));
                taken++;
            }
            else if (element.Name.SequenceEqual("stream:error"u8) || element.Name.IsEmpty)
            {
                throw new BenchException($"the server ended a stream: {Encoding.UTF8.GetString(element.Whole)}");
            }
        }
        Keep(peer, input);
        Volatile.Write(ref _received, _received + taken);
        if (_pace.Rate == 0 && taken > 0 && !_stopping)
        {
            peer.Outgoing.Send(taken, now, _output);
            peer.Acknowledgements?.Sent(taken);
        }
    }

    private static void Keep(Peer peer, ReadOnlySpan<byte> rest)
    {
        if (rest.Length > peer.Rest.Length)
            peer.Rest = new byte[rest.Length * 2];
        rest.CopyTo(peer.Rest);
        peer.RestLength = rest.Length;
    }

    private TimeSpan UntilNextDue(long start)
    {
        var wait = DueAfter(_scheduled) - Stopwatch.GetElapsedTime(start);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestWait ? wait : LongestWait;
    }

    /// <summary>Latency counts from the moment a stanza was due: a stall of the server delays those behind it, and that must show.</summary>
    private void SendDue(long start)
    {
        while (!_stopping && DueAfter(_scheduled) is var due && due <= Stopwatch.GetElapsedTime(start))
        {
            var peer = _peers[(int)(_scheduled++ % _peers.Count)];
            if (peer.Outgoing.IsFull)
                throw new BenchException("the server does not keep up with the rate");
            peer.Outgoing.Send(1, start + (long)(due.TotalSeconds * Stopwatch.Frequency), _output);
            peer.Acknowledgements?.Sent(1);
        }
    }

    private TimeSpan DueAfter(long stanzas) => TimeSpan.FromSeconds(stanzas / _pace.Rate);
}
