using Xmpp.Core.Modules;

namespace Xmpp.Modules;

public sealed record ServiceAdministrationOptions
{
    /// <summary>Who sent no message and no presence for this long counts as idle.</summary>
    [Duration("10s", "1d")]
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest list of users that is given to who asks for all of them.</summary>
    [Number(1, 100_000)]
    public int MaxListedUsers { get; init; } = 1_000;
}
