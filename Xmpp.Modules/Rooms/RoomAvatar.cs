using System.Security.Cryptography;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>XEP-0486 MUC Avatars: a room's vCard (XEP-0054), with a picture or several that show the same.</summary>
/// <param name="Card">As its owner wrote it.</param>
/// <param name="Hashes">SHA-1 of each picture in hexadecimal digits (XEP-0153), for <c>muc#roominfo_avatarhash</c>.</param>
[Xep(486, "0.1.0")]
internal sealed record RoomAvatar(Element Card, IReadOnlyList<string> Hashes)
{
    /// <summary>The name under which the room's configuration keeps the card.</summary>
    internal const string Setting = "vcard";

    /// <summary>Null when a picture in it is none: not base64 (§4).</summary>
    public static RoomAvatar? Parse(Element card)
    {
        var hashes = new List<string>();
        foreach (var photo in card.Elements.Where(child => child.Name == new XmlName(VCardTemp.Ns, "PHOTO")))
        {
            if (photo.Child(VCardTemp.Ns, "BINVAL") is not { } picture)
                continue; // One that is elsewhere (EXTVAL) has no hash.
            var text = string.Concat(picture.Text.Where(c => !char.IsWhiteSpace(c)));
            var bytes = new byte[text.Length * 3 / 4 + 3];
            if (!Convert.TryFromBase64String(text, bytes, out var length))
                return null;
            // What the specification asks for; nothing depends on its strength.
#pragma warning disable CA5350
            hashes.Add(Convert.ToHexStringLower(SHA1.HashData(bytes.AsSpan(0, length))));
#pragma warning restore CA5350
        }
        return new(card, hashes);
    }

    public bool Equals(RoomAvatar? other) => Card.Equals(other?.Card);

    public override int GetHashCode() => Card.GetHashCode();
}
