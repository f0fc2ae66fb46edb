using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Lets operations of one account take turns, where several requests to the database belong together: a limit is looked at before
/// something is added, a roster is read from several documents. The gate is held while the database works, so nothing passes here that
/// a message has to; and who waits, waits for its own account (or one of few others that share its gate).
/// </summary>
internal sealed class AccountGates
{
    private const int Gates = 256;

    /// <summary>How many may wait at one gate; one more is refused.</summary>
    private const int MaxWaiting = 1_000;

    // Rather refused than kept for ever behind operations that each take their time to fail.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Gates).Select(_ => new SemaphoreSlim(1))];
    private readonly int[] _waiting = new int[Gates];

    /// <summary>Waits for the account's turn, which lasts until the result is disposed.</summary>
    /// <exception cref="StoreException">Too many wait, or it takes too long.</exception>
    public ValueTask<Turn> EnterAsync(Jid account, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<Turn>(cancellationToken);
        return EnterAsync(account.GetHashCode(), cancellationToken);
    }

    /// <summary>The same for a part of what an account has: others of its parts have their own turns.</summary>
    /// <inheritdoc cref="EnterAsync(Jid, CancellationToken)"/>
    public ValueTask<Turn> EnterAsync(Jid account, string part, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<Turn>(cancellationToken)
            : EnterAsync(HashCode.Combine(account, part), cancellationToken);

    private ValueTask<Turn> EnterAsync(int hash, CancellationToken cancellationToken)
    {
        var gate = (int)((uint)hash % Gates);
        return _gates[gate].Wait(0, CancellationToken.None) ? new(new Turn(_gates[gate])) : WaitAsync(gate, cancellationToken);
    }

    private async ValueTask<Turn> WaitAsync(int gate, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting[gate]) > MaxWaiting || !await _gates[gate].WaitAsync(Patience, cancellationToken))
            {
                throw new StoreException(
                    StanzaErrorCondition.ResourceConstraint, "Too many operations of one account wait for the database.");
            }

            return new Turn(_gates[gate]);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting[gate]);
        }
    }

    internal readonly struct Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
