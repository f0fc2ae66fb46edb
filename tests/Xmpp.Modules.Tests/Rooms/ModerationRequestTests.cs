using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rooms;
using Xunit;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>XEP-0425: requests in both of the ways they are written, and what comes of them.</summary>
public sealed class ModerationRequestTests
{
    private const string Current =
        "<moderate id='stanza-id-1' xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/>"
        + "<reason>Inappropriate</reason></moderate>";

    private const string Old =
        "<apply-to id='stanza-id-1' xmlns='urn:xmpp:fasten:0'><moderate xmlns='urn:xmpp:message-moderate:0'>"
        + "<retract xmlns='urn:xmpp:message-retract:0'/><reason>Inappropriate</reason></moderate></apply-to>";

    private static readonly Jid Room = Jid.Parse("room@muc.example.com");
    private static readonly Jid Macbeth = Jid.Parse("room@muc.example.com/macbeth");

    [Theory]
    [InlineData(Current)]
    [InlineData(Old)]
    public void Both_are_understood(string payload)
    {
        Assert.Equal(new("stanza-id-1", "Inappropriate"), ModerationRequest.Parse(Element.Parse(payload)));
    }

    [Theory]
    [InlineData("<moderate xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/></moderate>")]
    [InlineData("<moderate id='1' xmlns='urn:xmpp:message-moderate:1'/>")]
    [InlineData("<moderate id='1' xmlns='urn:xmpp:message-moderate:1'><edit xmlns='urn:example:edit'/></moderate>")]
    [InlineData("<apply-to id='1' xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>")]
    public void What_asks_for_nothing_that_can_be_done_is_none(string payload)
    {
        Assert.Null(ModerationRequest.Parse(Element.Parse(payload)));
    }

    [Fact]
    public void Everybody_is_told_who_did_it_and_why()
    {
        var message = new ModerationRequest("stanza-id-1", "Inappropriate").ToMessage(Room, "retraction-1", Macbeth, "dd72", default);

        Assert.Equal(("retraction-1", "groupchat", "room@muc.example.com"), (message["id"], message["type"], message["from"]));
        Assert.Equal(
            Element.Parse("<retract id='stanza-id-1' xmlns='urn:xmpp:message-retract:1'>"
                + "<moderated by='room@muc.example.com/macbeth' xmlns='urn:xmpp:message-moderate:1'>"
                + "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72'/></moderated><reason>Inappropriate</reason></retract>"),
            message.Child("urn:xmpp:message-retract:1", "retract"));
    }

    [Fact]
    public void Of_the_message_there_remains_who_wrote_it()
    {
        var original = Element.Parse(
            "<message type='groupchat' from='room@muc.example.com/oldhag' id='inappropriate-1'><body>DM me for free magic potions!</body>"
            + "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='ef73'/><reference xmlns='urn:xmpp:reference:0' type='data' uri='http://x'/></message>");
        var stamp = new DateTimeOffset(2019, 9, 20, 23, 19, 12, TimeSpan.Zero);

        var tombstone = new ModerationRequest("stanza-id-1", Reason: null).ToTombstone(original, "retraction-1", Macbeth, "dd72", stamp);

        Assert.Equal(
            Element.Parse("<message type='groupchat' from='room@muc.example.com/oldhag' id='inappropriate-1'>"
                + "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='ef73'/>"
                + "<retracted id='retraction-1' stamp='2019-09-20T23:19:12Z' xmlns='urn:xmpp:message-retract:1'>"
                + "<moderated by='room@muc.example.com/macbeth' xmlns='urn:xmpp:message-moderate:1'>"
                + "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72'/></moderated></retracted></message>"),
            tombstone);
    }
}
