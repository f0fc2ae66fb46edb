namespace Xmpp.Ctl.Checks;

internal enum CheckState
{
    Ok,

    /// <summary>Works, but not as well as it should, or not for long.</summary>
    Warning,

    /// <summary>Keeps the server from starting, or clients from using it.</summary>
    Failed,
}

/// <param name="Subject">What was examined.</param>
/// <param name="Text">How it is; what to do, if it isn't well.</param>
internal sealed record CheckResult(CheckState State, string Subject, string Text)
{
    public static CheckResult Ok(string subject, string text) => new(CheckState.Ok, subject, text);

    public static CheckResult Warning(string subject, string text) => new(CheckState.Warning, subject, text);

    public static CheckResult Failed(string subject, string text) => new(CheckState.Failed, subject, text);
}
