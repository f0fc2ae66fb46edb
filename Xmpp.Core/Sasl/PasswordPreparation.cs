using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Xmpp.Core.Sasl;

/// <summary>The form of a password that keys are made of.</summary>
internal static class PasswordPreparation
{
    public static bool TryPrepare(string password, [NotNullWhen(true)] out string? prepared)
    {
        prepared = password;
        return password.Length > 0 && Ascii.IsValid(password) && !password.Any(char.IsControl);
    }
}
