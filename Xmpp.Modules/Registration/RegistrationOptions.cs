using Xmpp.Core.Modules;

namespace Xmpp.Modules.Registration;

/// <summary>Who may make an account in-band (XEP-0077).</summary>
public enum RegistrationAccess
{
    /// <summary>Nobody: accounts are made by administrators.</summary>
    Closed,

    /// <summary>Who was invited (XEP-0445).</summary>
    Invited,

    /// <summary>Everybody.</summary>
    Open,
}

public sealed record RegistrationOptions
{
    public RegistrationAccess Access { get; init; }

    /// <summary>Accounts that one address (for IPv6: one /64) may make within <see cref="AddressWindow"/> without an invitation.</summary>
    [Number(1, 1_000_000)]
    public int AccountsPerAddress { get; init; } = 5;

    [Duration("1m", "30d")]
    public TimeSpan AddressWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Localparts that nobody registers without being invited for them; administrators' are among them anyway.</summary>
    public IReadOnlyList<string> ReservedNames { get; init; } =
        ["abuse", "admin", "administrator", "hostmaster", "info", "postmaster", "root", "security", "support", "webmaster", "xmpp"];

    /// <summary>In characters; for new passwords of registered accounts too.</summary>
    [Number(1, 1000)]
    public int MinimumPasswordLength { get; init; } = 8;

    /// <summary>"question | answer | another answer": one of them is asked (XEP-0158). Upper case and lower case are the same.</summary>
    public IReadOnlyList<string> Questions { get; init; } = [];

    /// <summary>The difficulty of the SHA-256 challenge (XEP-0158), a choice beside <see cref="Questions"/>; 0: there is none.</summary>
    [Number(0, 32)]
    public int ProofOfWorkBits { get; init; }

    /// <summary>How much longer than <c>limits.negotiationTimeout</c> who asked for the form may take to log in.</summary>
    [Duration("0s", "1h")]
    public TimeSpan FormTime { get; init; } = TimeSpan.FromMinutes(5);
}
