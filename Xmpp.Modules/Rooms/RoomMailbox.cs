using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// Lets one at a time have a room, first come, first served. What was sent leaves before the next one has it; messages that have come
/// meanwhile are then handled in one go and leave together, so that a busy room writes to each client once for many of them. As long as it
/// is busy the first one, too, waits for those that other clients have sent by then. Waiting costs no thread.
/// </summary>
/// <param name="handle">Handles a message; the room is had.</param>
internal sealed class RoomMailbox(ISessionDirectory sessions, Func<ServiceStanza, StanzaError?> handle)
{
    /// <summary>So many messages leave together at most.</summary>
    private const int MaxRun = 64;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private bool _isTaken;
    private bool _isBusy;

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
            if (_isBusy)
            {
                HandleWaitingLater();
                return new(Wait(message));
            }
        }
        return new(sessions.Together((this, message), static state => state.Item1.HandleFirst(state.message)));
    }

    /// <summary>Lets the next one have the room.</summary>
    public void Exit()
    {
        sessions.Flush();
        lock (_lock)
        {
            if (!_waiting.TryPeek(out var next))
            {
                _isTaken = false;
            }
            else if (next.Message is null)
            {
                _waiting.Dequeue();
                next.Done.SetResult(null);
            }
            else
            {
                // Whoever gives the room back has a client of its own to go on with.
                HandleWaitingLater();
            }
        }
    }

    /// <summary>Behind what the server is about to do for other clients.</summary>
    private void HandleWaitingLater() =>
        ThreadPool.UnsafeQueueUserWorkItem(static mailbox => mailbox.HandleWaiting(), this, preferLocal: false);

    private StanzaError? HandleFirst(ServiceStanza message)
    {
        try
        {
            return handle(message);
        }
        finally
        {
            Exit();
        }
    }

    private void HandleWaiting()
    {
        _isBusy = sessions.Together(this, static mailbox => mailbox.HandleSome()) > 1;
        Exit();
    }

    /// <summary>Handles the messages that wait, up to who waits for the room itself.</summary>
    private int HandleSome()
    {
        var count = 0;
        for (; count < MaxRun && TryDequeueMessage() is { } waiting; count++)
        {
            try
            {
                waiting.Done.SetResult(handle(waiting.Message!.Value));
            }
            catch (Exception failure)
            {
                waiting.Done.SetException(failure);
            }
        }
        return count;
    }

    private Waiting? TryDequeueMessage()
    {
        lock (_lock)
            return _waiting.TryPeek(out var next) && next.Message is not null ? _waiting.Dequeue() : null;
    }

    private Task<StanzaError?> Wait(ServiceStanza? message)
    {
        var waiting = new Waiting(message, new(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.Enqueue(waiting);
        return waiting.Done.Task;
    }

    private sealed record Waiting(ServiceStanza? Message, TaskCompletionSource<StanzaError?> Done);
}
