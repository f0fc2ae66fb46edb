using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Xmpp.Core.Modules;

/// <summary>A client installation, as it says of itself when it authenticates (XEP-0388, user-agent).</summary>
/// <param name="Id">
/// The same for an account at each login of the same installation, and of no meaning to anybody else: what the client calls itself can't
/// be had from it.
/// </param>
/// <param name="Software">What it is called, or null.</param>
/// <param name="Device">What it runs on, for its owner to recognise, or null.</param>
public sealed record ClientAgent(string Id, string? Software, string? Device)
{
    /// <summary>The longest name of a software or device that is kept, in characters.</summary>
    public const int MaxNameLength = 100;

    /// <summary>Whose session it is: <see cref="Id"/>. Sessions of clients that don't say who they are have none.</summary>
    public static SessionKey<string> IdKey { get; } = new("client", Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);

    /// <summary>Whether text is what a client may call itself: a UUID of version 4.</summary>
    public static bool IsInstallationId([NotNullWhen(true)] string? text) =>
        Guid.TryParseExact(text, "D", out var id) && id.Version == 4;
}
