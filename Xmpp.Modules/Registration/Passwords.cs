using System.Text;

namespace Xmpp.Modules.Registration;

/// <summary>What passwords may be set in-band.</summary>
internal static class Passwords
{
    /// <summary>One that is longer would not fit into a login.</summary>
    private const int MaxBytes = 1023;

    public const string NotPossible = "The password has characters that none may have.";

    /// <summary>Why a password is not acceptable, or null.</summary>
    public static string? Problem(string password, RegistrationOptions options)
    {
        if (password.EnumerateRunes().Count() < options.MinimumPasswordLength)
            return $"The password has to have at least {options.MinimumPasswordLength} characters.";
        return Encoding.UTF8.GetByteCount(password) > MaxBytes ? $"The password may have at most {MaxBytes} bytes." : null;
    }
}
