using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Modules.Push;
using Xunit;

namespace Xmpp.Modules.Tests.Push;

/// <summary>XEP-0492: which settings count for a device.</summary>
public sealed class ChatNotificationsTests
{
    private const string Room = "coven@conference.localhost";
    private static readonly Jid _account = Jid.Parse("hag66@localhost");

    [Theory]
    [InlineData("<never/>", "client", "phone", "Hello", false)]
    [InlineData("<always/>", "client", "phone", "Hello", true)]
    [InlineData("<on-mention/>", "client", "phone", "Hello", false)]
    [InlineData("<on-mention/>", "client", "phone", "Hello ThirdWitch!", true)]
    [InlineData("<never/><always identity-category='client' identity-type='phone'/>", "client", "phone", "Hello", true)]
    [InlineData("<never/><always identity-category='client' identity-type='phone'/>", "client", "pc", "Hello", false)]
    [InlineData("<never identity-category='client'/><always/>", "client", "pc", "Hello", false)]
    [InlineData("<never identity-category='client'/><always identity-category='client' identity-type='pc'/>", "client", "pc", "Hello", true)]
    [InlineData("<never identity-category='gateway'/>", "client", "pc", "Hello", true)]
    [InlineData("<always><advanced><a xmlns='b'/></advanced></always>", "client", "pc", "Hello", true)]
    [InlineData("", "client", "pc", "Hello", true)]
    [InlineData("<nonsense/>", "client", "pc", "Hello", true)]
    public void The_most_specific_setting_counts(string settings, string category, string type, string body, bool wakes)
    {
        var chats = ChatNotifications.Read([Bookmark(Room, settings)]);

        Assert.Equal(wakes, chats.Wakes(_account, Jid.Parse($"{Room}/first"), new DiscoIdentity(category, type), body, isMention: false));
    }

    [Fact]
    public void Others_chats_are_as_ever_and_mentions_are_mentions()
    {
        var chats = ChatNotifications.Read([Bookmark(Room, "<on-mention/>"), Bookmark("not a jid@@", "<never/>")]);

        Assert.True(chats.Wakes(_account, Jid.Parse("romeo@localhost/a"), null, null, isMention: false));
        Assert.False(chats.Wakes(_account, Jid.Parse($"{Room}/first"), null, null, isMention: false));
        Assert.True(chats.Wakes(_account, Jid.Parse($"{Room}/first"), null, null, isMention: true));
    }

    private static StoredItem Bookmark(string id, string settings) => new(
        id, SortableId.New(DateTimeOffset.UnixEpoch), null, System.Text.Encoding.UTF8.GetBytes(
            "<conference xmlns='urn:xmpp:bookmarks:1'><nick>thirdwitch</nick><extensions>"
            + $"<notify xmlns='urn:xmpp:notification-settings:1'>{settings}</notify></extensions></conference>"));
}
