namespace Xmpp.Ctl;

/// <summary>How <c>xmppctl</c> ended, for scripts.</summary>
public enum ExitCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>It failed, or the answer is no: no such account, a check that failed.</summary>
    Failed = 1,

    /// <summary>The command line is wrong.</summary>
    Usage = 2,

    /// <summary>The server does not run, and this needs it.</summary>
    ServerNotRunning = 3,

    /// <summary>The configuration is wrong.</summary>
    Configuration = 4,

    /// <summary>Interrupted.</summary>
    Interrupted = 130,
}
