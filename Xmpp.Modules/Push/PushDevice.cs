using Xmpp.Core.Modules;

namespace Xmpp.Modules.Push;

/// <summary>A registration, and whether the device behind it has been woken and not come back since.</summary>
internal sealed class PushDevice(PushRegistration registration)
{
    private readonly Lock _lock = new();
    private ISession? _session;
    private long _heard;
    private int _messages;
    private int _doubtful;
    private int _errors;
    private bool _isTold;

    public PushRegistration Registration => registration;

    /// <summary>Takes note of messages that the device doesn't have.</summary>
    /// <param name="session">The device's, if it has one.</param>
    /// <param name="messages">How many.</param>
    /// <returns>How many there are by now when it is to be woken; 0 when it was already.</returns>
    public int Miss(ISession? session, int messages)
    {
        lock (_lock)
        {
            // A session that has ended is no sign that its client came back.
            if (session is not null && (session != _session || session.Heard != _heard))
                Forget(session);
            _messages += messages;
            if (_isTold)
                return 0;
            _isTold = true;
            return _messages;
        }
    }

    /// <summary>Takes note of a message that the device may have; false when somebody waits for a sign of its client already.</summary>
    public bool TryWait()
    {
        lock (_lock)
            return ++_doubtful == 1;
    }

    /// <summary>Nobody waits any more.</summary>
    /// <returns>How many messages there were meanwhile.</returns>
    public int StopWaiting()
    {
        lock (_lock)
        {
            var messages = _doubtful;
            _doubtful = 0;
            return messages;
        }
    }

    /// <summary>The client is there: what comes later is worth waking it for again.</summary>
    public void ComeBack()
    {
        lock (_lock)
            Forget(null);
    }

    /// <summary>The push service has got a notification.</summary>
    public void NotePublished()
    {
        lock (_lock)
            _errors = 0;
    }

    /// <summary>The notification came to nothing: the next message is a new reason.</summary>
    /// <param name="isError">Whether the push service said so.</param>
    /// <returns>How many errors there were in a row.</returns>
    public int NoteFailed(bool isError)
    {
        lock (_lock)
        {
            _isTold = false;
            return isError ? ++_errors : _errors;
        }
    }

    private void Forget(ISession? session) => (_session, _heard, _messages, _isTold) = (session, session?.Heard ?? 0, 0, false);
}
