using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Tests.PubSub;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Avatars.Pictures;
using static Xmpp.Modules.Tests.PubSub.PubSubTesting;

namespace Xmpp.Modules.Tests.Avatars;

/// <summary>XEP-0084, 0153, 0398: one picture, seen in two ways and announced in presence.</summary>
public sealed class AvatarsTests
{
    private const string Data = "urn:xmpp:avatar:data";
    private const string Metadata = "urn:xmpp:avatar:metadata";
    private const string Juliet = "juliet@localhost";

    private static readonly byte[] _red = Png(200, 0, 0), _blue = Png(0, 0, 200);

    [Fact]
    public async Task A_published_picture_is_in_the_vcard()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.AskAsync("set", null, Card("<FN>Juliet</FN>"));
        await PublishAsync(juliet, _red, ("access_model", "open"));

        var card = (await romeo.AskAsync("get", Juliet, Card(""))).Elements.Single();

        Assert.Equal(Element.Parse(Card(
            $"<FN>Juliet</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>{Convert.ToBase64String(_red)}</BINVAL></PHOTO>")), card);
        await PublishAsync(juliet, _blue);
        Assert.Equal(_blue, PhotoOf((await romeo.AskAsync("get", Juliet, Card(""))).Elements.Single()));
        await juliet.DoAsync("set", null, Publish(Metadata, null, $"<metadata xmlns='{Metadata}'/>"));
        Assert.Equal(Element.Parse(Card("<FN>Juliet</FN>")), (await romeo.AskAsync("get", Juliet, Card(""))).Elements.Single());
    }

    /// <summary>§7: a vCard shows it to nobody who couldn't see it otherwise.</summary>
    [Fact]
    public async Task Who_may_not_see_the_picture_does_not_see_it_in_the_vcard()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var tybalt = await server.ConnectAsync("tybalt", "street");
        await PublishAsync(juliet, _red, ("access_model", "presence"));

        Assert.Equal(_red, PhotoOf((await romeo.AskAsync("get", Juliet, Card(""))).Elements.Single()));
        Assert.Equal(StanzaErrorCondition.ServiceUnavailable, StanzaError.Parse(await tybalt.AskAsync("get", Juliet, Card("")))!.Condition);
    }

    [Fact]
    public async Task A_picture_of_a_vcard_is_published()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.WantAsync(server);
        await romeo.WantAsync(server, Metadata);
        var photo = Card($"<FN>J</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>\n{Convert.ToBase64String(_red, Base64FormattingOptions.InsertLineBreaks)}</BINVAL></PHOTO>");

        Assert.Equal("result", (await juliet.AskAsync("set", null, photo))["type"]);

        Assert.Equal([$"{Juliet} {Metadata} {Hash(_red)}"], (await romeo.PassAsync()).Events());
        var info = (await romeo.DoAsync("get", Juliet, $"<items node='{Metadata}'/>"))!.Elements.Single();
        Assert.Equal(
            Element.Parse($"<item xmlns='{Ns}' id='{Hash(_red)}'><metadata xmlns='{Metadata}'>" +
                $"<info bytes='{_red.Length}' id='{Hash(_red)}' type='image/png'/></metadata></item>"),
            info);
        var data = (await romeo.DoAsync("get", Juliet, $"<items node='{Data}'/>"))!.Elements.Single();
        Assert.Equal((Hash(_red), Convert.ToBase64String(_red)), (data["id"], data.Elements.Single().Text));

        // The same one again is no news; none, or one that is none, takes it away.
        await juliet.AskAsync("set", null, photo);
        Assert.Empty((await romeo.PassAsync()).Events());
        await juliet.AskAsync("set", null, Card("<FN>J</FN><PHOTO><BINVAL>?</BINVAL></PHOTO>"));
        Assert.Empty((await romeo.DoAsync("get", Juliet, $"<items node='{Metadata}'/>"))!.Elements.Single().Elements.Single().Elements);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("<x xmlns='vcard-temp:x:update'/>", true)]
    [InlineData("<x xmlns='vcard-temp:x:update'><photo>abc</photo></x>", true)]
    [InlineData("<x xmlns='vcard-temp:x:update'><photo/></x>", false)]
    public async Task Presence_says_which_picture_it_is(string own, bool isReplaced)
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await romeo.WantAsync(server);
        await PublishAsync(juliet, _red);

        await juliet.SendAsync($"<presence><show>away</show>{own}</presence>");
        await juliet.PassAsync();
        var presence = Assert.Single(await romeo.PassAsync(), stanza => stanza["from"] == juliet.Jid.ToString());

        Assert.Equal(isReplaced ? Hash(_red) : "", PhotoIn(presence));
        // Also to somebody only.
        var tybalt = await server.ConnectAsync("tybalt", "street");
        await juliet.SendAsync($"<presence to='{tybalt.Jid}'>{own}</presence>");
        Assert.Equal(isReplaced ? Hash(_red) : "", PhotoIn(await tybalt.ReadAsync()));
        await juliet.SendAsync($"<presence to='{tybalt.Jid}' type='unavailable'/>");
        Assert.Null(PhotoIn(await tybalt.ReadAsync()));
    }

    [Fact]
    public async Task Rooms_see_it_too()
    {
        await using var server = await StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await romeo.SendAsync("<presence to='play@conference.localhost/R'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await romeo.PassAsync();
        await romeo.AskAsync("set", "play@conference.localhost",
            "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await PublishAsync(juliet, _red);

        await juliet.SendAsync("<presence to='play@conference.localhost/J'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await juliet.PassAsync();

        var joined = Assert.Single(await romeo.PassAsync(), stanza => stanza["from"] == "play@conference.localhost/J");
        Assert.Equal(Hash(_red), PhotoIn(joined));
    }

    [Fact]
    public async Task Another_picture_makes_presence_another_one()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await juliet.SendAsync("<presence><status>Hark</status></presence>");
        await juliet.PassAsync();
        var came = await romeo.WantAsync(server);
        Assert.Null(PhotoIn(came.Single(stanza => stanza["from"] == juliet.Jid.ToString())));

        await PublishAsync(juliet, _red);
        await server.Server.Context.Tasks.EndAsync();

        var presence = Assert.Single(await romeo.PassAsync(), stanza => stanza.Name.Local == "presence");
        Assert.Equal((Hash(_red), "Hark"), (PhotoIn(presence), presence.Child("jabber:client", "status")!.Text));
        await juliet.DoAsync("set", null, Publish(Metadata, null, $"<metadata xmlns='{Metadata}'/>"));
        await server.Server.Context.Tasks.EndAsync();
        Assert.Equal("", PhotoIn(Assert.Single(await romeo.PassAsync(), stanza => stanza.Name.Local == "presence")));
    }

    /// <summary>The server adds to the presence that there is, never to one that the client has changed since.</summary>
    [Fact]
    public async Task What_the_client_says_meanwhile_stays()
    {
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await romeo.WantAsync(server);
        await juliet.SendAsync("<presence><status>Hark</status></presence>");
        await juliet.PassAsync();
        var session = server.Server.Context.Sessions.Find(juliet.Jid)!;
        var before = session.Presence!;
        await juliet.SendAsync("<presence><status>Alas</status></presence>");
        await juliet.PassAsync();
        await romeo.PassAsync();

        await server.Server.Context.Presences.AmendAsync(session, before, before with { Priority = 1 }, TestContext.Current.CancellationToken);

        Assert.Empty(await romeo.PassAsync());
        Assert.Contains("Alas", session.Presence!.Stanza.ToElement().ToString(), StringComparison.Ordinal);
    }

    /// <summary>§3.1: of several the one that is here, and only under its own hash.</summary>
    [Fact]
    public async Task Only_what_is_what_it_says_counts()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await juliet.DoAsync("set", null, Publish(Data, Hash(_red), $"<data xmlns='{Data}'>{Convert.ToBase64String(_red)}</data>", Options(("max_items", "2"))));
        await juliet.DoAsync("set", null, Publish(Data, "0000", $"<data xmlns='{Data}'>{Convert.ToBase64String(_blue)}</data>"));
        await juliet.DoAsync("set", null, Publish(Metadata, Hash(_red), $"<metadata xmlns='{Metadata}'>" +
            $"<info id='{Hash(_blue)}' url='http://elsewhere.lit/' bytes='1' type='image/png'/><info id='0000' bytes='1' type='image/png'/>" +
            $"<info id='{Hash(_red)}' bytes='1' type='image/png'/></metadata>"));

        Assert.Equal(_red, PhotoOf((await juliet.AskAsync("get", null, Card(""))).Elements.Single()));
    }

    [Fact]
    public async Task A_vcard_from_before_counts_until_something_is_published()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var tybalt = await server.ConnectAsync("tybalt", "street");
        var card = Card($"<PHOTO><BINVAL>{Convert.ToBase64String(_red)}</BINVAL></PHOTO>");
        await server.Store.AccountData.SetAsync(
            juliet.Jid.Bare, "vcard", "", System.Text.Encoding.UTF8.GetBytes(card), new(1, 100_000), CancellationToken.None);

        await juliet.SendAsync($"<presence to='{tybalt.Jid}'/>");
        Assert.Equal(Hash(_red), PhotoIn(await tybalt.ReadAsync()));
        Assert.Equal(Element.Parse(card), (await juliet.AskAsync("get", null, Card(""))).Elements.Single());
        await PublishAsync(juliet, _blue);
        await juliet.SendAsync($"<presence to='{tybalt.Jid}'/>");
        Assert.Equal(Hash(_blue), PhotoIn(await tybalt.ReadAsync()));
    }

    [Fact]
    public async Task The_account_says_that_it_does_so()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");

        Assert.Contains("urn:xmpp:pep-vcard-conversion:0", Discovery.Parse(await juliet.InfoAsync(Juliet)).Features);
    }

    /// <summary>XEP-0292 §3: newer cards are an item like others.</summary>
    [Fact]
    public async Task A_card_of_the_newer_kind_is_published_for_contacts()
    {
        const string VCard4 = "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>Juliet Capulet</text></fn></vcard>";
        await using var server = await StartAsync();
        await server.BefriendAsync("juliet", "romeo");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var romeo = await server.ConnectAsync("romeo", "orchard");
        await romeo.WantAsync(server, "urn:xmpp:vcard4");
        await juliet.WantAsync(server);

        await juliet.DoAsync("set", null, Publish("urn:xmpp:vcard4", "current", VCard4));

        Assert.Equal([$"{Juliet} urn:xmpp:vcard4 current"], (await romeo.PassAsync()).Events());
        Assert.Equal(
            Element.Parse(VCard4), (await romeo.DoAsync("get", Juliet, "<items node='urn:xmpp:vcard4'/>"))!.Elements.Single().Elements.Single());
    }

    private static async Task PublishAsync(TestClient client, byte[] picture, params (string Var, string Value)[] options)
    {
        var hash = Hash(picture);
        var wish = options.Length == 0 ? "" : Options(options);
        await client.DoAsync("set", null, Publish(Data, hash, $"<data xmlns='{Data}'>{Convert.ToBase64String(picture)}</data>", wish));
        await client.DoAsync("set", null, Publish(Metadata, hash,
            $"<metadata xmlns='{Metadata}'><info bytes='{picture.Length}' id='{hash}' type='image/png' width='64' height='64'/></metadata>", wish));
    }

    private static string Card(string content) => $"<vCard xmlns='vcard-temp'>{content}</vCard>";

    private static byte[] PhotoOf(Element card) =>
        Convert.FromBase64String(card.Child("vcard-temp", "PHOTO")!.Child("vcard-temp", "BINVAL")!.Text);

    private static string? PhotoIn(Element presence) =>
        presence.Child("vcard-temp:x:update", "x")?.Child("vcard-temp:x:update", "photo")?.Text;
}
