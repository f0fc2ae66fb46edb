using System.Collections.Frozen;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Bookmarks;

namespace Xmpp.Modules.Push;

/// <summary>When somebody wants to be told of what is said in a chat.</summary>
internal enum NotifyWhen
{
    Always,
    OnMention,
    Never,
}

/// <summary>XEP-0492 Chat Notification Settings: what an account's bookmarks say of the chats that they are for, by their addresses.</summary>
[Xep(492, "0.2.0")]
internal sealed class ChatNotifications(FrozenDictionary<Jid, ChatNotifications.Chat> chats)
{
    private const string Ns = "urn:xmpp:notification-settings:1";

    /// <summary>Devices that are woken are phones, usually.</summary>
    private static readonly DiscoIdentity _phone = new("client", "phone");

    public static ChatNotifications Read(IEnumerable<StoredItem> bookmarks)
    {
        var chats = new Dictionary<Jid, Chat>();
        foreach (var item in bookmarks)
        {
            // Most say nothing; no tree is made of those.
            if (item.Payload.Span.IndexOf("urn:xmpp:notification-settings:1"u8) >= 0 && Jid.TryParse(item.Id, out var jid)
                && StoredXml.Read(item.Payload) is var bookmark
                && bookmark.Child(BookmarkXml.Ns, "extensions")?.Child(Ns, "notify") is { } notify)
            {
                chats[jid.Bare] = new(notify, bookmark.Child(BookmarkXml.Ns, "nick")?.Text);
            }
        }
        return new(chats.ToFrozenDictionary());
    }

    /// <summary>Whether a device is to be woken.</summary>
    /// <param name="from">Who has written, in a room or not.</param>
    /// <param name="device">What the device's client says that it is; null when it isn't known.</param>
    /// <param name="body">What was written, or null.</param>
    /// <param name="isMention">Whether it is known to be one, whatever was written.</param>
    public bool Wakes(Jid account, Jid from, DiscoIdentity? device, string? body, bool isMention) =>
        !chats.TryGetValue(from.Bare, out var chat) || chat.WhenFor(device ?? _phone) switch
        {
            NotifyWhen.Never => false,
            NotifyWhen.OnMention => isMention
                || body?.Contains(chat.Nick is { Length: > 0 } nick ? nick : account.Local!, StringComparison.OrdinalIgnoreCase) == true,
            _ => true,
        };

    /// <param name="Notify">The settings.</param>
    /// <param name="Nick">In a room; null where the account's name serves.</param>
    internal sealed record Chat(Element Notify, string? Nick)
    {
        /// <summary>§3: the most specific one counts.</summary>
        public NotifyWhen WhenFor(DiscoIdentity device) =>
            Find(device.Category, device.Type) ?? Find(device.Category, null) ?? Find(null, null) ?? NotifyWhen.Always;

        private NotifyWhen? Find(string? category, string? type)
        {
            foreach (var setting in Notify.Elements)
            {
                if (setting["identity-category"] == category && setting["identity-type"] == type && WhenOf(setting.Name) is { } when)
                    return when;
            }
            return null;
        }

        private static NotifyWhen? WhenOf(XmlName name) => name is not { Namespace: Ns } ? null : name.Local switch
        {
            "always" => NotifyWhen.Always,
            "on-mention" => NotifyWhen.OnMention,
            "never" => NotifyWhen.Never,
            _ => null,
        };
    }
}
