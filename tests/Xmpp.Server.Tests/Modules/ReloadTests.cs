using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Modules;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Modules;

/// <summary>The configuration changes while sessions go on.</summary>
public sealed class ReloadTests
{
    private const string Ping = "<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";

    [Fact]
    public async Task A_module_that_is_disabled_takes_all_it_registered_with_it()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        Assert.Contains("urn:xmpp:ping", await FeaturesAsync(juliet));

        await server.ReloadAsync(options => options with { Modules = options.Modules with { Disabled = ["ping", "streamLimits"] } });

        Assert.DoesNotContain("urn:xmpp:ping", await FeaturesAsync(juliet));
        await juliet.SendAsync(Ping);
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        Assert.DoesNotContain("limits", (await server.Connect().OpenAsync()).Elements.Select(feature => feature.Name.Local));

        await server.ReloadAsync(options => options with { Modules = options.Modules with { Disabled = [] } });

        Assert.Contains("urn:xmpp:ping", await FeaturesAsync(juliet));
        await juliet.SendAsync(Ping);
        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'/>");
    }

    [Fact]
    public async Task A_module_whose_options_change_is_loaded_anew_and_the_others_stay()
    {
        var loaded = 0;
        await using var server = await TestServer.StartAsync(null, _ => loaded++);
        var juliet = await server.ConnectAsync("juliet");

        await server.ReloadAsync(options => options with
        {
            Modules = options.Modules with { ContactAddresses = new ContactAddressOptions { Abuse = ["mailto:abuse@localhost"] } },
        });

        var form = (await InfoAsync(juliet)).Child(Namespaces.DataForms, "x")!;
        Assert.Contains("mailto:abuse@localhost", form.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, loaded);
    }

    [Fact]
    public async Task A_reload_that_fails_leaves_everything_as_it_was()
    {
        var loaded = 0;
        await using var server = await TestServer.StartAsync(null, _ => loaded++);
        var juliet = await server.ConnectAsync("juliet");

        await Assert.ThrowsAnyAsync<Exception>(() => server.ReloadAsync(options => options with
        {
            Tls = options.Tls with { Certificates = "/nonexistent" },
            Modules = options.Modules with { Disabled = ["test1", "ping"] },
        }));
        await server.ReloadAsync(options => options);

        await juliet.SendAsync(Ping);
        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'/>");
        Assert.Equal(1, loaded);
    }

    [Fact]
    public async Task Sessions_of_a_host_that_is_gone_end_and_others_do_not()
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "example.org"] });
        var juliet = await server.ConnectAsync("juliet@localhost");
        var romeo = await server.ConnectAsync("romeo@example.org");

        await server.ReloadAsync(options => options with { Hosts = ["localhost"] });

        await romeo.ExpectStreamErrorAsync(StreamErrorCondition.HostGone);
        await juliet.SendAsync(Ping);
        await juliet.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{juliet.Jid}'/>");
        var late = server.Connect();
        await late.ExpectStreamErrorAsync(StreamErrorCondition.HostUnknown, await late.OpenAsync("example.org"));
    }

    [Fact]
    public async Task Nobody_slips_into_a_host_that_is_gone()
    {
        await using var server = await TestServer.StartAsync(options => options with { Hosts = ["localhost", "example.org"] });
        await server.CreateAccountAsync(Jid.Parse("romeo@example.org"));
        var romeo = server.Connect();
        await romeo.OpenAsync("example.org");
        await romeo.AuthenticateAsync("romeo", TestServer.Password);
        await romeo.ReadAsync();
        await romeo.OpenAsync("example.org");

        await server.ReloadAsync(options => options with { Hosts = ["localhost"] });

        await romeo.ExpectStreamErrorAsync(StreamErrorCondition.HostGone, await romeo.TryBindAsync("orchard"));
    }

    [Fact]
    public async Task Limits_hold_for_open_streams_too()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await server.ReloadAsync(options => options with { Limits = options.Limits with { StanzaBytes = 10_000 } });
        await juliet.SendAsync($"<message to='{juliet.Jid}'><body>{new string('x', 10_000)}</body></message>");

        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task A_listener_that_stays_is_not_touched()
    {
        var listener = new ListenerOptions { Address = System.Net.IPAddress.Loopback, Port = 0, Tls = ListenerTls.None };
        await using var server = await TestServer.StartAsync(options => options with { Listeners = [listener] });
        var before = server.Server.Listeners.Single().EndPoint;

        await server.ReloadAsync(options => options with { Hosts = ["localhost"], Modules = options.Modules with { Disabled = ["ping"] } });

        Assert.Equal(before, server.Server.Listeners.Single().EndPoint);
        await server.ReloadAsync(options => options with { Listeners = [] });
        Assert.Empty(server.Server.Listeners);
    }

    private static async Task<Element> InfoAsync(TestClient client)
    {
        await client.SendAsync($"<iq type='get' id='info' to='localhost'><query xmlns='{Namespaces.DiscoInfo}'/></iq>");
        return (await client.ReadAsync()).Child(Namespaces.DiscoInfo, "query")!;
    }

    private static async Task<List<string?>> FeaturesAsync(TestClient client) =>
        [.. (await InfoAsync(client)).Elements.Where(child => child.Name.Local == "feature").Select(feature => feature["var"])];
}
