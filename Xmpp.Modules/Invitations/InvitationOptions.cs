using Xmpp.Core.Modules;

namespace Xmpp.Modules.Invitations;

/// <summary>Who may invite by the commands of XEP-0401.</summary>
public enum Inviters
{
    Administrators,

    /// <summary>Every account may invite contacts, who may make accounts if invitations allow that here.</summary>
    Everybody,
}

public sealed record InvitationOptions
{
    public Inviters Inviters { get; init; }

    /// <summary>How long an invitation may be used; what <c>xmppctl invite</c> doesn't say otherwise.</summary>
    [Duration("1m", "3650d")]
    public TimeSpan Validity { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Contact invitations of one account that are neither used nor expired.</summary>
    [Number(1, 100_000)]
    public int MaxPerAccount { get; init; } = 10;

    /// <summary>The address of a page that explains an invitation, which follows it without "xmpp:" (XEP-0379 §3.3); or null.</summary>
    public string? LandingPage { get; init; }
}
