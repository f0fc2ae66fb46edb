using Xmpp.Core;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Moves the ends of conversations on before messages are inserted: so no message is ever in an archive and not in the list of
/// conversations, wherever that is broken off. What gathers while one bulk is with the database is the next, each conversation once.
/// </summary>
internal sealed class ConversationMoves(MongoCollection conversations)
{
    private readonly Lock _lock = new();
    private Dictionary<(AccountId Account, Jid With), (UInt128 Last, UInt128 Received)> _waiting = [];
    private TaskCompletionSource _next = NewRound();
    private bool _isMoving;

    /// <summary>Notes a message that is about to be inserted.</summary>
    /// <returns>Completes when that may be done.</returns>
    public Task MoveAsync(AccountId account, Jid with, UInt128 id, bool isIncoming)
    {
        lock (_lock)
        {
            Note(_waiting, account, with, id, isIncoming);
            var round = _next.Task;
            if (!_isMoving)
            {
                _isMoving = true;
                _ = MoveAllAsync();
            }

            return round;
        }
    }

    private static TaskCompletionSource NewRound() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Who waits is told what went wrong; nobody else waits for this.
    private async Task MoveAllAsync()
    {
        // Whoever is about to note another one with this one does so before.
        await Task.Yield();
        while (Take() is { } work)
        {
            try
            {
                await conversations.PutAsync(Write(work.Moves), CancellationToken.None);
                work.Round.SetResult();
            }
            catch (Exception failure)
            {
                work.Round.SetException(failure);
            }
        }
    }

    private (Dictionary<(AccountId, Jid), (UInt128, UInt128)> Moves, TaskCompletionSource Round)? Take()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _isMoving = false;
                return null;
            }

            var work = (_waiting, _next);
            (_waiting, _next) = ([], NewRound());
            return work;
        }
    }

    /// <summary>Lets one of the moves reach a message.</summary>
    public static void Note(
        Dictionary<(AccountId Account, Jid With), (UInt128 Last, UInt128 Received)> moves, AccountId account, Jid with, UInt128 id,
        bool isIncoming)
    {
        var (last, received) = moves.GetValueOrDefault((account, with));
        moves[(account, with)] = (UInt128.Max(last, id), isIncoming ? UInt128.Max(received, id) : received);
    }

    /// <summary>Moves as steps that never go back.</summary>
    public static MongoBulk Write(Dictionary<(AccountId Account, Jid With), (UInt128 Last, UInt128 Received)> moves)
    {
        var bulk = new MongoBulk();
        foreach (var (conversation, (last, received)) in moves)
        {
            var move = BsonDocument.Build((last, received), static (w, move) =>
            {
                w.Begin("$max").Id("last", move.last);
                if (move.received != default)
                    w.Id("in", move.received);
                w.End();
            });
            bulk.Update(ById(conversation.Account, conversation.With), move, upsert: true);
        }

        return bulk;
    }

    /// <summary>Some conversations, as a filter.</summary>
    public static BsonDocument ByIds(AccountId account, IEnumerable<Jid> with) => BsonDocument.Build((account, with), static (w, keys) =>
    {
        w.Begin("_id").BeginArray("$in");
        foreach (var jid in keys.with)
            w.Begin().Account("a", keys.account).Utf8String("j", jid.Utf8.Span).End();
        w.End().End();
    });

    /// <summary>A conversation, as a filter.</summary>
    public static BsonDocument ById(AccountId account, Jid with) => BsonDocument.Build((account, with), static (w, key) =>
        w.Begin("_id").Account("a", key.account).Utf8String("j", key.with.Utf8.Span).End());
}
