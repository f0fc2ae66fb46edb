using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xmpp.Core.Storage;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Sessions;

/// <summary>Whose messages are on their way to where the server has to keep them.</summary>
internal interface ICommitmentOwner
{
    /// <summary>Messages are there, or can't be.</summary>
    /// <param name="number">The stanza's.</param>
    /// <param name="block">Where they were written down meanwhile.</param>
    void EndCommitment(uint number, IReadOnlyList<ArchiveEntry> messages, JournalBlock block, Exception? failure);

    /// <summary>Tells the peer what it has asked for, if it can be told by now.</summary>
    void AnswerIfKept();
}

/// <summary>
/// Messages of a client, or of another server, that have been delivered while they are still on their way to where the server has to keep
/// them. Until they are there the peer is not told that they were handled (XEP-0198 §4), and when there are many its next stanzas wait.
/// </summary>
/// <param name="session">Is told when one is there or failed, and when the peer can be told more.</param>
/// <param name="all">Those of all sessions.</param>
internal sealed class Commitments(ICommitmentOwner session, CommitmentCount all, ServerMetrics metrics)
{
    /// <summary>So many of a session may be under way, and one when there are too many of all.</summary>
    private const int Limit = 64;

    /// <summary>Of those that are over so many are used again.</summary>
    private const int MaxSpare = 4;

    private readonly Queue<Commitment> _underWay = new();
    private readonly Stack<Commitment> _spare = new();
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _none;

    /// <summary>How far the peer may be told that its stanzas were handled.</summary>
    /// <param name="handled">How many were.</param>
    public uint CountKept(uint handled)
    {
        lock (_underWay)
            return _underWay.TryPeek(out var oldest) ? unchecked(oldest.Number - 1) : handled;
    }

    /// <summary>Adds a commit that is under way.</summary>
    /// <param name="number">The stanza's.</param>
    /// <param name="messages">What is to be kept.</param>
    /// <param name="block">Where that is written down meanwhile.</param>
    public void Add(ValueTask commit, uint number, IReadOnlyList<ArchiveEntry> messages, JournalBlock block)
    {
        Commitment? commitment;
        lock (_underWay)
        {
            if (!_spare.TryPop(out commitment))
                commitment = new(this);
            (commitment.Number, commitment.Messages, commitment.Block, commitment.IsOver) = (number, messages, block, false);
            commitment.Since = Stopwatch.GetTimestamp();
            _underWay.Enqueue(commitment);
        }
        all.Add(1);
        commitment.Await(commit);
    }

    /// <summary>Completes when a further one may be added.</summary>
    public ValueTask WaitForRoomAsync()
    {
        lock (_underWay)
        {
            if (_underWay.Count == 0)
                return default;
            if (all.IsHigh)
                return new((_none ??= NewSource()).Task);
            return _underWay.Count < Limit ? default : new((_room ??= NewSource()).Task);
        }
    }

    /// <summary>Completes when none is under way.</summary>
    public ValueTask WaitForAllAsync()
    {
        lock (_underWay)
            return _underWay.Count == 0 ? default : new((_none ??= NewSource()).Task);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void Release(ref TaskCompletionSource? waiting)
    {
        waiting?.SetResult();
        waiting = null;
    }

    private void End(Commitment commitment, Exception? failure)
    {
        all.Add(-1);
        session.EndCommitment(commitment.Number, commitment.Messages, commitment.Block, failure);
        metrics.NoteCommit(commitment.Since, failure is not null);
        bool isOldest;
        lock (_underWay)
        {
            commitment.IsOver = true;
            isOldest = _underWay.Peek() == commitment;
            while (_underWay.TryPeek(out var oldest) && oldest.IsOver)
            {
                _underWay.Dequeue();
                oldest.Messages = [];
                if (_spare.Count < MaxSpare)
                    _spare.Push(oldest);
            }
            if (_underWay.Count < Limit)
                Release(ref _room);
            if (_underWay.Count == 0)
                Release(ref _none);
        }
        if (isOldest)
            session.AnswerIfKept();
    }

    private sealed class Commitment
    {
        private readonly Commitments _all;
        private readonly Action _end;
        private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _commit;

        public Commitment(Commitments all) => (_all, _end) = (all, End);

        public uint Number { get; set; }

        /// <summary>When the message came.</summary>
        public long Since { get; set; }

        public IReadOnlyList<ArchiveEntry> Messages { get; set; } = [];

        public JournalBlock Block { get; set; }

        public bool IsOver { get; set; }

        public void Await(ValueTask commit)
        {
            _commit = commit.ConfigureAwait(false).GetAwaiter();
            if (_commit.IsCompleted)
                End();
            else
                _commit.UnsafeOnCompleted(_end);
        }

        private void End()
        {
            Exception? failure = null;
            try
            {
                _commit.GetResult();
            }
            catch (Exception caught)
            {
                failure = caught;
            }
            _commit = default;
            _all.End(this, failure);
        }
    }
}

/// <summary>How many messages are on their way into archives.</summary>
internal sealed class CommitmentCount
{
    /// <summary>Well below what the stores let wait.</summary>
    private const int High = 4_096;

    private int _count;

    public bool IsHigh => Volatile.Read(ref _count) > High;

    public void Add(int change) => Interlocked.Add(ref _count, change);
}
