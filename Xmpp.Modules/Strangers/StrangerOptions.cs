using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>What people of other servers may do who are strangers to an account.</summary>
public enum StrangerAccess
{
    /// <summary>What contacts may.</summary>
    Allow,

    /// <summary>The same within limits.</summary>
    Limit,

    /// <summary>Ask for a subscription, within limits.</summary>
    Refuse,
}

public sealed record StrangerOptions
{
    public StrangerAccess Access { get; init; } = StrangerAccess.Limit;

    /// <summary>Messages of all strangers to one account.</summary>
    [Number(0, 1_000_000)]
    public int MessagesPerHour { get; init; } = 1_000;

    /// <summary>Messages of strangers of one domain to all accounts.</summary>
    [Number(0, 10_000_000)]
    public int MessagesPerDomain { get; init; } = 10_000;

    /// <summary>Requests for subscriptions by strangers of one domain, to all accounts.</summary>
    [Number(0, 1_000_000)]
    public int RequestsPerDomain { get; init; } = 300;

    /// <summary>Of so many pairs of an account and whom it has written to it is known that they are no strangers.</summary>
    [Number(100, 10_000_000)]
    public int Remembered { get; init; } = 100_000;
}
