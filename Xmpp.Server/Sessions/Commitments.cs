using System.Diagnostics;
using Xmpp.Server.Diagnostics;

namespace Xmpp.Server.Sessions;

/// <summary>
/// Messages of a client that have been delivered while they are still on their way to where the server has to keep them. Until they are
/// there the client is not told that they were handled (XEP-0198 §4), and when there are many its next stanzas wait.
/// </summary>
/// <param name="kept">Called whenever the oldest one has been kept, or could not be.</param>
internal sealed class Commitments(ServerMetrics metrics, Action kept)
{
    /// <summary>So many may be under way.</summary>
    private const int Limit = 256;

    private readonly Queue<Commitment> _underWay = new();
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _none;

    /// <summary>How far the client may be told that its stanzas were handled.</summary>
    /// <param name="handled">How many were.</param>
    public uint CountKept(uint handled)
    {
        lock (_underWay)
            return _underWay.TryPeek(out var oldest) ? unchecked(oldest.Number - 1) : handled;
    }

    /// <summary>Adds a commit that is under way.</summary>
    /// <param name="number">The stanza's.</param>
    /// <param name="ended">Called when it is over, with what went wrong or null; on any thread.</param>
    public void Add(ValueTask commit, uint number, Action<Exception?> ended)
    {
        var commitment = new Commitment(number);
        lock (_underWay)
            _underWay.Enqueue(commitment);
        _ = WaitAsync(commit, commitment, ended);
    }

    /// <summary>Completes when a further one may be added.</summary>
    public ValueTask WaitForRoomAsync()
    {
        lock (_underWay)
            return _underWay.Count < Limit ? default : new((_room ??= NewSource()).Task);
    }

    /// <summary>Completes when none is under way.</summary>
    public ValueTask WaitForAllAsync()
    {
        lock (_underWay)
            return _underWay.Count == 0 ? default : new((_none ??= NewSource()).Task);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WaitAsync(ValueTask commit, Commitment commitment, Action<Exception?> ended)
    {
        Exception? failure = null;
        try
        {
            await commit;
        }
        catch (Exception caught)
        {
            failure = caught;
        }
        ended(failure);
        metrics.NoteCommit(commitment.Since, failure is not null);

        bool isOldest;
        lock (_underWay)
        {
            commitment.IsOver = true;
            isOldest = _underWay.Peek() == commitment;
            while (_underWay.TryPeek(out var oldest) && oldest.IsOver)
                _underWay.Dequeue();
            if (_underWay.Count < Limit)
                Release(ref _room);
            if (_underWay.Count == 0)
                Release(ref _none);
        }
        if (isOldest)
            kept();
    }

    private static void Release(ref TaskCompletionSource? waiting)
    {
        waiting?.SetResult();
        waiting = null;
    }

    private sealed class Commitment(uint number)
    {
        public uint Number => number;

        /// <summary>When the message came.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        public bool IsOver { get; set; }
    }
}
