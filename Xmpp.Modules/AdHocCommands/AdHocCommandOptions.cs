using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>How many commands may be in the middle of being executed, and how long.</summary>
public sealed record AdHocCommandOptions
{
    /// <summary>Of one account; a further one ends its oldest.</summary>
    [Number(1, 1_000)]
    public int MaxPerAccount { get; init; } = 10;

    /// <summary>Altogether.</summary>
    [Number(1, 1_000_000)]
    public int Max { get; init; } = 10_000;

    /// <summary>From one step to the next.</summary>
    [Duration("10s", "1d")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(30);
}
