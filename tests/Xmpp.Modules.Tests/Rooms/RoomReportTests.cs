using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>Reports of spam and abuse that go to the moderators (XEP-0377).</summary>
public sealed class RoomReportTests
{
    private const string Reporting = "urn:xmpp:reporting:1";
    private const string Agreed = "<report-origin/>";

    private static ValueTask ReportAsync(TestClient client, string jid, string content) => client.SendAsync(
        $"<iq type='set' id='report'><block xmlns='urn:xmpp:blocking'><item jid='{jid}'>"
        + $"<report xmlns='{Reporting}' reason='urn:xmpp:reporting:abuse'>{content}</report></item></block></iq>");

    [Fact]
    public async Task An_occupant_is_reported_to_the_moderators_who_are_there()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        await server.EnterRoomAsync("macbeth", "macbeth");
        await first.PassAsync();
        await hag.PassAsync();

        await ReportAsync(hag, $"{Coven}/macbeth", $"<stanza-id xmlns='urn:xmpp:sid:0' by='{Coven}' id='28482'/>"
            + $"<stanza-id xmlns='urn:xmpp:sid:0' by='other@{Domain}' id='1'/><text>He knocks.</text>{Agreed}");

        var report = await first.ReadAsync();
        Assert.Equal((Coven, first.Jid.ToString(), null), (report["from"], report["to"], report["type"]));
        Assert.Equal($"Report of {Coven}/macbeth", report.Child(Namespaces.Client, "subject")!.Text);
        Assert.Equal(
            $"thirdwitch has blocked {Coven}/macbeth and reports it for abuse.\nHe knocks.", report.Child(Namespaces.Client, "body")!.Text);
        Assert.Equal(
            Element.Parse($"<report xmlns='{Reporting}' reason='urn:xmpp:reporting:abuse'>"
                + $"<stanza-id xmlns='urn:xmpp:sid:0' by='{Coven}' id='28482'/></report>"),
            report.Child(Reporting, "report"));
        Assert.DoesNotContain(await hag.PassAsync(), stanza => stanza.Name.Local == "message");
    }

    [Fact]
    public async Task When_no_moderator_is_there_those_get_it_who_can_be_one()
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync(configuration: ("persistentroom", "1"));
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        await first.SendAsync($"<presence to='{Coven}/firstwitch' type='unavailable'/><presence/>");
        await first.PassAsync();

        await ReportAsync(hag, "macbeth@localhost", $"<stanza-id xmlns='urn:xmpp:sid:0' by='{Coven}' id='28482'/>{Agreed}");

        var report = await first.ReadAsync();
        Assert.Equal((Coven, "crone1@localhost"), (report["from"], report["to"]));
        Assert.NotNull(report.Child(Reporting, "report"));
    }

    [Theory]
    [InlineData("hag66", $"{Coven}/macbeth", "")]
    [InlineData("stranger", $"{Coven}/macbeth", Agreed)]
    [InlineData("hag66", "macbeth@localhost", Agreed)]
    [InlineData("hag66", $"nowhere@{Domain}/macbeth", Agreed)]
    public async Task Moderators_hear_of_what_concerns_the_room_from_who_is_there_and_agrees(string reporter, string jid, string consent)
    {
        await using var server = await StartAsync();
        var first = await server.CreateRoomAsync();
        var hag = await server.EnterRoomAsync("hag66", "thirdwitch");
        var client = reporter == "hag66" ? hag : await server.LoginAsync(reporter);
        await first.PassAsync();

        await ReportAsync(client, jid, consent);

        await client.PassAsync();
        Assert.Empty(await first.PassAsync());
    }
}
