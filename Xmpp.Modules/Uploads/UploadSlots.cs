using System.Buffers.Text;
using System.Security.Cryptography;

namespace Xmpp.Modules.Uploads;

/// <summary>Slots: what somebody may upload, signed, so that nothing has to be kept of them.</summary>
/// <param name="secret">By which they are.</param>
internal sealed class UploadSlots(byte[] secret)
{
    /// <summary>For the address of the upload.</summary>
    public string Sign(Upload upload)
    {
        var content = upload.ToJson();
        return $"{Base64Url.EncodeToString(content)}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, content))}";
    }

    /// <returns>What was signed, or null.</returns>
    public Upload? Verify(string slot)
    {
        var dot = slot.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
            return null;
        try
        {
            var content = Base64Url.DecodeFromChars(slot.AsSpan(0, dot));
            var signature = Base64Url.DecodeFromChars(slot.AsSpan(dot + 1));
            return CryptographicOperations.FixedTimeEquals(signature, HMACSHA256.HashData(secret, content)) ? Upload.Parse(content) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
