using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Avatars;

/// <summary>A picture as it is sent: its octets, and the SHA-1 of them by which clients know it.</summary>
internal sealed record AvatarImage(ReadOnlyMemory<byte> Octets, string Hash)
{
    /// <summary>Reads base64, with or without white space; null when it is none, or empty.</summary>
    public static AvatarImage? Read(string base64)
    {
        var text = Encoding.UTF8.GetBytes(base64);
        var length = 0;
        foreach (var octet in text)
        {
            if (octet is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
                text[length++] = octet;
        }
        return System.Buffers.Text.Base64.DecodeFromUtf8InPlace(text.AsSpan(0, length), out var count) == OperationStatus.Done && count > 0
            ? new(text.AsMemory(0, count), HashOf(text.AsSpan(0, count)))
            : null;
    }

    /// <summary>The picture of a vCard (XEP-0153 §3.1); null when it has none.</summary>
    public static AvatarImage? OfCard(Element card) =>
        card.Child(VCardTemp.Ns, "PHOTO")?.Child(VCardTemp.Ns, "BINVAL") is { } content ? Read(content.Text) : null;

    public string Base64 => Convert.ToBase64String(Octets.Span);

    /// <summary>What it is, by its first octets (XEP-0153 §5: nothing else counts); null when it isn't known.</summary>
    public string? Type => Octets.Span switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "image/gif",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "image/webp",
        _ => null,
    };

    // What the specifications ask for; nothing depends on its strength.
#pragma warning disable CA5350
    private static string HashOf(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(SHA1.HashData(octets));
#pragma warning restore CA5350
}
