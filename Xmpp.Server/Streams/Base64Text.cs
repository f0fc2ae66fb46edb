using System.Buffers.Text;

namespace Xmpp.Server.Streams;

/// <summary>Data in XML as XEP-0388 has it: base64, with white space around it as in the examples of the text.</summary>
internal static class Base64Text
{
    public static bool TryDecode(string text, out ReadOnlyMemory<byte> data)
    {
        var isValid = Base64.IsValid(text);
        data = isValid ? Convert.FromBase64String(text) : [];
        return isValid;
    }
}
