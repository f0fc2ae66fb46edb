using System.Text;

namespace Xmpp.Core.Stanzas;

/// <summary>The one rule that turns our enum names into the protocol's: <c>NotWellFormed</c> is <c>not-well-formed</c>.</summary>
internal static class WireNames
{
    public static string FromPascalCase(string name)
    {
        var wire = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c) && wire.Length > 0)
                wire.Append('-');
            wire.Append(char.ToLowerInvariant(c));
        }
        return wire.ToString();
    }
}
