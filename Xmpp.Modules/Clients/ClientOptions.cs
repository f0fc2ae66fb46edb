using Xmpp.Core.Modules;

namespace Xmpp.Modules.Clients;

/// <summary>What is known of the clients that have access to an account (XEP-0494), and their tokens (XEP-0484).</summary>
public sealed record ClientOptions
{
    /// <summary>How long a client is remembered that doesn't come back; 0: only as long as it has a token.</summary>
    [Duration("0s", "3650d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Whether the names are kept that a client gives itself and its device.</summary>
    public bool Names { get; init; } = true;

    /// <summary>Clients of an account that are remembered; a further one takes the place of the one that was away longest.</summary>
    [Number(1, 1000)]
    public int PerAccount { get; init; } = 50;

    /// <summary>How long a token lets its client log in; 0: clients get none.</summary>
    [Duration("0s", "3650d")]
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Whoever logs in by a token that is older than this gets a new one along with it.</summary>
    [Duration("0s", "3650d")]
    public TimeSpan TokenRotation { get; init; } = TimeSpan.FromDays(1);
}
