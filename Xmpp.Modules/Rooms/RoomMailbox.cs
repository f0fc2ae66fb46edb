using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// Lets one at a time have a room, first come, first served. A message that comes meanwhile is handled by whoever has the room, behind its
/// own: so what many say at once leaves together, and a busy room needs one thread. Waiting costs none.
/// </summary>
/// <param name="handle">Handles a message; the room is had.</param>
internal sealed class RoomMailbox(ISessionDirectory sessions, Func<ServiceStanza, StanzaError?> handle)
{
    /// <summary>So many messages of others does one handle; then a thread of the pool goes on.</summary>
    private const int MaxRun = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private bool _isTaken;

    /// <summary>Completes when the room is had, until <see cref="Exit"/>.</summary>
    public ValueTask EnterAsync()
    {
        lock (_lock)
        {
            if (_isTaken)
                return new(Wait(message: null));
            _isTaken = true;
            return default;
        }
    }

    /// <summary>Completes when the message was handled; its bytes are needed until then.</summary>
    public ValueTask<StanzaError?> HandleAsync(ServiceStanza message)
    {
        lock (_lock)
        {
            if (_isTaken)
                return new(Wait(message));
            _isTaken = true;
        }
        return new(sessions.Together((this, message), static state =>
        {
            try
            {
                return state.Item1.Handle(state.message);
            }
            finally
            {
                state.Item1.Exit();
            }
        }));
    }

    /// <summary>Lets the next one have the room.</summary>
    public void Exit() => sessions.Together(this, static mailbox => mailbox.PassOn());

    private StanzaError? Handle(ServiceStanza message) => handle(message);

    private bool PassOn()
    {
        for (var count = 0; ; count++)
        {
            Waiting? next;
            lock (_lock)
            {
                if (!_waiting.TryPeek(out next))
                    return _isTaken = false;
                if (count == MaxRun)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(static mailbox => mailbox.Exit(), this, preferLocal: false);
                    return true;
                }
                _waiting.Dequeue();
            }
            if (next.Message is not { } message)
            {
                next.Done.SetResult(null);
                return true;
            }
            try
            {
                next.Done.SetResult(handle(message));
            }
            catch (Exception failure)
            {
                next.Done.SetException(failure);
            }
        }
    }

    private Task<StanzaError?> Wait(ServiceStanza? message)
    {
        var waiting = new Waiting(message, new(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.Enqueue(waiting);
        return waiting.Done.Task;
    }

    private sealed record Waiting(ServiceStanza? Message, TaskCompletionSource<StanzaError?> Done);
}
