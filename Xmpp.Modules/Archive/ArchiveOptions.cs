using Xmpp.Core.Modules;

namespace Xmpp.Modules.Archive;

/// <summary>With whom an account's messages are archived, unless they are listed (XEP-0441 §2.1.1).</summary>
public enum ArchiveDefault
{
    /// <summary>With everybody.</summary>
    Always,

    /// <summary>With nobody.</summary>
    Never,

    /// <summary>With those in the account's roster.</summary>
    Roster,
}

public sealed record ArchiveOptions
{
    /// <summary>For accounts that have not said what they want.</summary>
    public ArchiveDefault Default { get; init; } = ArchiveDefault.Always;

    /// <summary>Addresses in both lists of an account's preferences together.</summary>
    [Number(1, 100_000)]
    public int MaxListed { get; init; } = 1000;

    /// <summary>Messages of a page when the client doesn't say how many it wants.</summary>
    [Number(1, 1000)]
    public int PageMessages { get; init; } = 50;

    /// <summary>Messages of a page whatever the client wants.</summary>
    [Number(1, 1000)]
    public int MaxPageMessages { get; init; } = 250;

    /// <summary>What the messages of a page with more than one have together at most.</summary>
    [Bytes(16_384, 64 * 1024 * 1024)]
    public int PageBytes { get; init; } = 262_144;

    /// <summary>How old messages may become; zero: any age.</summary>
    [Duration("0d", "36500d")]
    public TimeSpan MaxAge { get; init; }

    /// <summary>How many an account may have, the oldest go; zero: any number.</summary>
    [Number(0, int.MaxValue)]
    public int MaxMessages { get; init; }

    /// <summary>For hosts and accounts that have no others.</summary>
    public ArchiveLimits Limits() => new(MaxAge, MaxMessages);

    /// <summary>How far back a message is looked for that another one names: one that was retracted or displayed.</summary>
    [Number(1, 100_000)]
    public int LookBack { get; init; } = 1000;
}
