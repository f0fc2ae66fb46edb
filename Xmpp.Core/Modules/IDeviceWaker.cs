namespace Xmpp.Core.Modules;

/// <summary>
/// Wakes devices whose clients can't be reached. Of messages to accounts it hears by itself; what comes to sessions by other ways, whoever
/// sends it says.
/// </summary>
public interface IDeviceWaker
{
    /// <summary>Whether a session's client has a device that can be woken, and may have to be. Costs nearly nothing.</summary>
    bool MayHaveToWake(ISession session);

    /// <summary>Wakes the session's device for a message that was sent to it, if the client doesn't show that it is there.</summary>
    /// <param name="from">Who has written it.</param>
    /// <param name="body">What was written, or null.</param>
    /// <param name="isMention">Whether it is known to mention whom it is for.</param>
    void Wake(ISession session, Jid from, string? body, bool isMention);
}
