using System.Collections.Concurrent;
using Xmpp.Core;

namespace Xmpp.Modules;

/// <summary>
/// A gate for each account through which many go together, or one alone; first come, first served. Waiting costs no thread,
/// and a gate that nobody uses is not there.
/// </summary>
public sealed class AccountGates
{
    private readonly ConcurrentDictionary<Jid, Gate> _gates = new();

    /// <summary>How many gates are in use.</summary>
    public int Count => _gates.Count;

    /// <summary>Goes in; whoever disposes of the pass goes out, once.</summary>
    public ValueTask<IDisposable> EnterAsync(Jid account, bool alone)
    {
        while (true)
        {
            var gate = _gates.GetOrAdd(account, static (account, gates) => new Gate(account, gates), _gates);
            if (gate.TryEnter(alone) is { } entered)
                return entered;
        }
    }

    private sealed class Gate(Jid account, ConcurrentDictionary<Jid, Gate> gates) : IDisposable
    {
        private readonly Queue<(TaskCompletionSource<IDisposable> Entered, bool Alone)> _waiting = new();
        private int _inside;
        private bool _isAlone;
        private bool _isRemoved;

        /// <summary>Null when the gate has gone: its account has another one, or none.</summary>
        public ValueTask<IDisposable>? TryEnter(bool alone)
        {
            lock (_waiting)
            {
                if (_isRemoved)
                    return null;
                if (_waiting.Count == 0 && HasRoom(alone))
                {
                    Admit(alone);
                    return new(this);
                }
                var entered = new TaskCompletionSource<IDisposable>(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Enqueue((entered, alone));
                return new(entered.Task);
            }
        }

        public void Dispose()
        {
            lock (_waiting)
            {
                _inside--;
                _isAlone = false;
                while (_waiting.TryPeek(out var next) && HasRoom(next.Alone))
                {
                    _waiting.Dequeue();
                    Admit(next.Alone);
                    next.Entered.SetResult(this);
                }
                if (_inside > 0)
                    return;
                _isRemoved = true;
                gates.TryRemove(new(account, this));
            }
        }

        private bool HasRoom(bool alone) => _inside == 0 || (!alone && !_isAlone);

        private void Admit(bool alone)
        {
            _inside++;
            _isAlone = alone;
        }
    }
}
