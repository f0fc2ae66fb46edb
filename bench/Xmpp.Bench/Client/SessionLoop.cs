using System.Diagnostics;
using Xmpp.Bench.Native;

namespace Xmpp.Bench.Client;

/// <summary>Reads from many sessions by epoll, on the caller's thread.</summary>
internal sealed class SessionLoop : IDisposable
{
    /// <summary>Looks at an element that has arrived at a session, named by its index.</summary>
    public delegate void Handler(int session, ScannedElement element);

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(20);

    private readonly Epoll _epoll = new();
    private readonly IReadOnlyList<ClientStream> _sessions;
    private readonly ClientStream.ElementTaker[] _takers;
    private readonly TimeSpan _patience;

    /// <param name="patience">How long nothing at all may arrive while something is waited for.</param>
    public SessionLoop(IReadOnlyList<ClientStream> sessions, Handler handler, TimeSpan patience)
    {
        _sessions = sessions;
        _patience = patience;
        _takers = new ClientStream.ElementTaker[sessions.Count];
        for (var i = 0; i < sessions.Count; i++)
        {
            var session = i;
            _takers[i] = element => handler(session, element);
            _epoll.Add(sessions[i].Channel.Descriptor, i);
        }
    }

    /// <summary>Reads until the condition holds, at least once.</summary>
    /// <param name="missing">Says what is missing, for the exception when it doesn't come.</param>
    public void ReadUntil(Func<bool> isOver, Func<string> missing)
    {
        var lastAt = Stopwatch.GetTimestamp();
        do
        {
            var ready = _epoll.Wait(LongestWait);
            for (var i = 0; i < ready; i++)
                _sessions[_epoll.Key(i)].TakeArrived(_takers[_epoll.Key(i)]);
            if (ready > 0)
                lastAt = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(lastAt) > _patience)
                throw new BenchException(missing());
        }
        while (!isOver());
    }

    public void Dispose() => _epoll.Dispose();
}
