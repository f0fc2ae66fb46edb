using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rooms;
using Xunit;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>What rooms reckon with: pauses (XEP-0500), activity (XEP-0502), pictures (XEP-0486), mentions (XEP-0452), hats (XEP-0317).</summary>
public sealed class RoomParametersTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 9, 30, 0, TimeSpan.Zero);
    private static readonly Jid Hag = Jid.Parse("hag66@shakespeare.lit");
    private static readonly Jid Crone = Jid.Parse("crone1@shakespeare.lit");
    private static readonly Jid Coven = Jid.Parse("coven@chat.shakespeare.lit");

    [Fact]
    public void In_slow_mode_everybody_waits_for_their_own_turn()
    {
        var (mode, pause) = (new SlowMode(), TimeSpan.FromSeconds(20));

        Assert.Null(mode.Take(Hag, pause, Now));
        Assert.Null(mode.Take(Crone, pause, Now));
        var refused = mode.Take(Hag, pause, Now.AddSeconds(19));
        Assert.Equal((StanzaErrorCondition.PolicyViolation, StanzaErrorType.Wait), (refused!.Condition, refused.Type));
        Assert.Contains("20 s", refused.Text, StringComparison.Ordinal);
        // What was refused doesn't count.
        Assert.Null(mode.Take(Hag, pause, Now.AddSeconds(20)));
        Assert.Null(mode.Take(Crone, pause, Now.AddSeconds(60)));
        Assert.NotNull(mode.Take(Crone, pause, Now.AddSeconds(61)));
        Assert.Null(mode.Take(Crone, TimeSpan.Zero, Now.AddSeconds(62)));
    }

    [Fact]
    public void Activity_is_what_whole_hours_had()
    {
        var activity = new RoomActivity(Now);
        for (var i = 0; i < 12; i++)
            activity.Count(Now);

        Assert.Null(activity.PerHour(Now.AddMinutes(29)));
        Assert.Equal(12, activity.PerHour(Now.AddMinutes(30)));
        activity.Count(Now.AddMinutes(31));
        Assert.Equal(12, activity.PerHour(Now.AddMinutes(32)));
        Assert.Equal(6.5, activity.PerHour(Now.AddMinutes(90)));
        Assert.Equal(13 / 24.0, activity.PerHour(Now.AddHours(24)));
        Assert.Equal(1 / 24.0, activity.PerHour(Now.AddHours(25)));
        Assert.Equal(0, activity.PerHour(Now.AddDays(30)));
    }

    [Fact]
    public void A_room_s_picture_is_known_by_the_hash_of_each_of_its_forms()
    {
        var avatar = RoomAvatar.Parse(Element.Parse(
            "<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSIz\n"
            + "MiIgaGVpZ2h0PSIzMiI+CiA8cmVjdCB4PSIwIiB5PSIwIiB3aWR0aD0iMzIiIGhlaWdodD0iMzIiIGZpbGw9InJlZCIvPgo8L3N2Zz4K</BINVAL></PHOTO>"
            + "<PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO></vCard>"));

        Assert.Equal(["a31c4bd04de69663cfd7f424a8453f4674da37ff", "29e2dcfbb16f63bb0254df7585a15bb6fb5e927d"], avatar!.Hashes);
        Assert.Null(RoomAvatar.Parse(Element.Parse("<vCard xmlns='vcard-temp'><PHOTO><BINVAL>no!</BINVAL></PHOTO></vCard>")));
        Assert.Empty(RoomAvatar.Parse(Element.Parse("<vCard xmlns='vcard-temp'><FN>The Coven</FN></vCard>"))!.Hashes);
    }

    [Theory]
    [InlineData("xmpp:hag66@shakespeare.lit", "hag66@shakespeare.lit")]
    [InlineData("xmpp:hag66@shakespeare.lit/pda", "hag66@shakespeare.lit")]
    [InlineData("xmpp:coven@chat.shakespeare.lit/second%20witch", "crone1@shakespeare.lit")]
    [InlineData("xmpp:coven@chat.shakespeare.lit/stranger", null)]
    [InlineData("xmpp:coven@chat.shakespeare.lit", null)]
    [InlineData("https://shakespeare.lit/", null)]
    public void Who_is_mentioned_is_named_by_address_or_by_a_reserved_nick(string uri, string? expected)
    {
        var message = Element.Parse($"<message><body>!</body><reference xmlns='urn:xmpp:reference:0' type='mention' begin='0' end='1' uri='{uri}'/>"
            + $"<reference xmlns='urn:xmpp:reference:0' type='mention' uri='{uri}'/><reference xmlns='urn:xmpp:reference:0' type='data' uri='xmpp:a@b'/></message>");

        var mentioned = Mentions.In(message, Coven, nick => nick == "second witch" ? Crone : null);

        Assert.Equal(expected is null ? [] : [Jid.Parse(expected)], mentioned);
    }

    [Fact]
    public void Hats_are_kept_and_worn()
    {
        var hats = RoomHats.None.With("urn:x#host", "Host", "327.2")!.With("urn:x#aide", "Aide", null)!
            .Assign("urn:x#host", Jid.Parse("hag66@shakespeare.lit/pda"))!;

        Assert.Null(hats.Assign("urn:x#nothing", Hag));
        Assert.Equal(
            Element.Parse("<hats xmlns='urn:xmpp:hats:0'><hat uri='urn:x#host' title='Host' hue='327.2'/></hats>"),
            RoomHats.Read(hats.Write()).Of(Hag));
        Assert.Null(hats.Of(Crone));
        Assert.Equal("Hostess", hats.With("urn:x#host", "Hostess", null)!.Of(Hag)!.Elements.Single()["title"]);
        Assert.Null(hats.Unassign("urn:x#host", Hag)!.Of(Hag));
        Assert.Null(hats.Without("urn:x#host").Of(Hag));
    }
}
