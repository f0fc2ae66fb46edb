using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0377: reasons that come with a block.</summary>
public sealed class SpamReportsTests
{
    private const string Spam = "<report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:spam'>"
        + "<text xml:lang='en'>\n  Never came trouble to my house like this.\n</text></report>";

    [Fact]
    public async Task The_server_says_that_it_takes_reports()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Contains("urn:xmpp:reporting:1", Discovery.Parse(await juliet.InfoAsync("localhost")).Features);
    }

    [Fact]
    public async Task A_report_goes_to_those_who_look_after_abuse()
    {
        await using var server = await TestServer.StartAsync(options => With(options, new()
        {
            Abuse = ["mailto:abuse@localhost", "xmpp:abuse@localhost?message", "xmpp:abuse@localhost"],
            Admin = ["xmpp:admin@localhost"],
        }));
        var abuse = await server.LoginAsync("abuse");
        var admin = await server.LoginAsync("admin");
        var juliet = await server.ConnectAsync("juliet");

        await BlockAsync(juliet, $"<item jid='romeo@example.net'>{Spam}</item>");

        await abuse.ExpectAsync("<message from='localhost' to='abuse@localhost'><subject>Report of romeo@example.net</subject>"
            + "<body>juliet@localhost has blocked romeo@example.net and reports it for spam.\n"
            + "Never came trouble to my house like this.</body></message>");
        await abuse.ExpectNothingFromAsync(juliet);
        await admin.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Without_an_address_for_abuse_the_administrators_get_it_also_later()
    {
        await using var server = await TestServer.StartAsync(options => With(options, new() { Admin = ["XMPP:admin@localhost"] }));
        var juliet = await server.ConnectAsync("juliet");
        await server.CreateAccountAsync(Jid.Parse("admin@localhost"));

        await BlockAsync(juliet,
            "<item jid='a@example.net'><report xmlns='urn:xmpp:reporting:1' reason='urn:xmpp:reporting:abuse'/></item>"
            + "<item jid='b@example.net'/>"
            + "<item jid='c@example.net'><report xmlns='urn:xmpp:reporting:1' reason='urn:example:reason'/></item>");
        var admin = await server.ConnectAsync("admin");
        await admin.SendAsync("<presence/>");

        Assert.Equal("juliet@localhost has blocked a@example.net and reports it for abuse.", Body(await admin.ReadAsync()));
        Assert.Equal("juliet@localhost has blocked c@example.net and reports it for urn:example:reason.", Body(await admin.ReadAsync()));
    }

    [Theory]
    [InlineData("<report xmlns='urn:xmpp:reporting:1'/>")]
    [InlineData("<report xmlns='urn:xmpp:reporting:1' reason=''/>")]
    [InlineData("<report xmlns='urn:example:other' reason='urn:xmpp:reporting:spam'/>")]
    public async Task What_says_no_reason_is_no_report_but_the_block_holds(string report)
    {
        await using var server = await TestServer.StartAsync(options => With(options, new() { Admin = ["xmpp:admin@localhost"] }));
        var admin = await server.LoginAsync("admin");
        var juliet = await server.ConnectAsync("juliet");

        await BlockAsync(juliet, $"<item jid='romeo@example.net'>{report}</item>");

        await admin.ExpectNothingFromAsync(juliet);
        Assert.Single(await server.Store.BlockLists.LoadAsync(juliet.Jid.Bare, CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_floods_the_administrators()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromDays(1) },
            Modules = options.Modules with
            {
                ContactAddresses = new() { Admin = ["xmpp:admin@localhost"] },
                BlockingCommand = new() { ReportsPerHour = 2 },
            },
        });
        var admin = await server.LoginAsync("admin");
        var juliet = await server.ConnectAsync("juliet");
        var nurse = await server.ConnectAsync("nurse");

        for (var i = 0; i < 3; i++)
            await BlockAsync(juliet, $"<item jid='romeo@example.net'>{Spam}</item>");
        await admin.ReadAsync();
        await admin.ReadAsync();
        await admin.ExpectNothingFromAsync(juliet);
        await BlockAsync(nurse, $"<item jid='romeo@example.net'>{Spam}</item>");
        Assert.StartsWith("nurse@", Body(await admin.ReadAsync()), StringComparison.Ordinal);
        server.Time.Advance(TimeSpan.FromHours(1));
        await BlockAsync(juliet, $"<item jid='romeo@example.net'>{Spam}</item>");
        Assert.StartsWith("juliet@", Body(await admin.ReadAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_block_that_is_refused_reports_nothing()
    {
        await using var server = await TestServer.StartAsync(options => With(options, new() { Admin = ["xmpp:admin@localhost"] }));
        var admin = await server.LoginAsync("admin");
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='a@b'>{Spam}</item><item/></block></iq>");

        await juliet.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
        await admin.ExpectNothingFromAsync(juliet);
    }

    private static ServerOptions With(ServerOptions options, ContactAddressOptions contacts) => options with
    {
        Modules = options.Modules with { ContactAddresses = contacts },
    };

    private static string Body(Core.Xml.Element message) => message.Child(Namespaces.Client, "body")!.Text;

    private static async Task BlockAsync(TestClient client, string items)
    {
        await client.SendAsync($"<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'>{items}</block></iq>");
        await client.ExpectAsync($"<iq type='result' id='block' to='{client.Jid}'/>");
    }
}
