using Xmpp.Core.Modules;

namespace Xmpp.Modules;

public sealed record BlockingCommandOptions
{
    /// <summary>How many addresses an account may block.</summary>
    [Number(1, 100_000)]
    public int Entries { get; init; } = 1000;

    /// <summary>How many reports of spam and abuse from one account are passed on within an hour (XEP-0377).</summary>
    [Number(0, 10_000)]
    public int ReportsPerHour { get; init; } = 20;
}
