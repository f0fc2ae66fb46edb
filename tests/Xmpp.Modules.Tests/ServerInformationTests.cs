using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Ping, version, time, contact addresses and stream limits (XEP-0199, 0092, 0202, 0157, 0478).</summary>
public sealed class ServerInformationTests
{
    [Theory]
    [InlineData("to='localhost'", "from='localhost'")]
    [InlineData("to='juliet@localhost'", "from='juliet@localhost'")]
    [InlineData("", "")]
    public async Task The_server_and_the_own_account_answer_pings(string to, string from)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='1' {to}><ping xmlns='urn:xmpp:ping'/></iq>");

        await juliet.ExpectAsync($"<iq type='result' id='1' {from} to='{juliet.Jid}'/>");
    }

    [Fact]
    public async Task Others_are_not_answered_for()
    {
        await using var server = await TestServer.StartAsync();
        await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1' to='romeo@localhost'><ping xmlns='urn:xmpp:ping'/></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task The_version_is_told_and_the_system_is_not()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1' to='localhost'><query xmlns='jabber:iq:version'/></iq>");

        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'><query xmlns='jabber:iq:version'>"
            + $"<name>XmppChat</name><version>{SoftwareVersion.Version}</version></query></iq>");
        Assert.Matches(@"^\d+\.\d+\.\d+$", SoftwareVersion.Version);
    }

    [Theory]
    [InlineData(0, "Z")]
    [InlineData(120, "+02:00")]
    [InlineData(330, "+05:30")]
    [InlineData(-210, "-03:30")]
    public async Task The_time_is_told_in_utc_with_the_zone_beside_it(int minutes, string zone)
    {
        await using var server = await TestServer.StartAsync();
        server.Time.Zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromMinutes(minutes), null, null);
        server.Time.Advance(TimeSpan.FromHours(25));
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync("<iq type='get' id='1' to='localhost'><time xmlns='urn:xmpp:time'/></iq>");

        var time = await AnswerAsync(juliet, "time");
        Assert.Equal(zone, time.Child("urn:xmpp:time", "tzo")!.Text);
        Assert.Equal("2026-01-02T01:00:00Z", time.Child("urn:xmpp:time", "utc")!.Text);
    }

    [Fact]
    public async Task Whom_to_write_to_is_a_form_in_what_the_server_says_of_itself()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with
            {
                ContactAddresses = new ContactAddressOptions
                {
                    Abuse = ["mailto:abuse@localhost", "xmpp:abuse@localhost"],
                    Support = ["https://localhost/support?a=1&b=2"],
                },
            },
        });
        var juliet = await server.ConnectAsync("juliet");

        var form = Assert.Single(Discovery.Parse(await juliet.InfoAsync("localhost")).Forms);

        Assert.Equal(DataFormType.Result, form.Type);
        Assert.Equal("http://jabber.org/network/serverinfo", form.FormType);
        Assert.Equal(["FORM_TYPE", "abuse-addresses", "support-addresses"], form.Fields.Select(field => field.Var));
        Assert.Equal(["mailto:abuse@localhost", "xmpp:abuse@localhost"], form.Fields[1].Values);
        Assert.Equal(["https://localhost/support?a=1&b=2"], form.Fields[2].Values);
        Assert.Empty(Discovery.Parse(await juliet.InfoAsync("juliet@localhost")).Forms);
    }

    [Fact]
    public async Task Every_phase_tells_the_limits_that_hold_in_it()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with
            {
                UnauthenticatedStanzaBytes = 12_345,
                StanzaBytes = 54_321,
                NegotiationTimeout = TimeSpan.FromSeconds(33),
                KeepAliveInterval = TimeSpan.FromSeconds(77),
            },
        });

        Assert.Equal(("12345", "33"), Limits(await server.Connect(ListenerTls.StartTls).OpenAsync()));
        Assert.Equal(("12345", "33"), Limits(await server.Connect().OpenAsync()));
        Assert.Equal(("54321", "77"), Limits(await server.FeaturesAfterLoginAsync()));

        static (string?, string?) Limits(Element features)
        {
            const string ns = "urn:xmpp:stream-limits:0";
            var limits = features.Child(ns, "limits");
            return (limits?.Child(ns, "max-bytes")?.Text, limits?.Child(ns, "idle-seconds")?.Text);
        }
    }

    [Fact]
    public async Task The_session_of_old_clients_is_optional()
    {
        await using var server = await TestServer.StartAsync();

        var session = (await server.FeaturesAfterLoginAsync()).Child(Namespaces.Session, "session");

        Assert.NotNull(session?.Child(Namespaces.Session, "optional"));
    }

    private static async Task<Element> AnswerAsync(TestClient client, string payload) =>
        (await client.ReadAsync()).Elements.Single(child => child.Name.Local == payload);
}
