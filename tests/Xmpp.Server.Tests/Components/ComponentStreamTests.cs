using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Components;

/// <summary>How a component begins and ends its stream (XEP-0114 §3).</summary>
public sealed class ComponentStreamTests
{
    [Fact]
    public async Task A_component_that_knows_the_secret_is_connected()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = server.ConnectComponent();
        await component.OpenComponentAsync($"to='{ComponentTesting.Domain}'");

        Assert.Equal(ComponentTesting.Domain, component.ServerHeader!.From);
        Assert.Equal("jabber:component:accept", component.ServerHeader.ContentNamespace);
        Assert.NotEmpty(component.ServerHeader.Id!);
        await component.ProveAsync(ComponentTesting.Secret);
        await component.ExpectAsync("<handshake/>");
        await component.SendAsync("</stream:stream>");
        await component.ExpectEndAsync();
        Assert.True(component.IsStreamClosed);
    }

    [Theory]
    [InlineData("to='other.localhost'", "jabber:component:accept", StreamErrorCondition.HostUnknown)]
    [InlineData("to='localhost'", "jabber:component:accept", StreamErrorCondition.HostUnknown)]
    [InlineData("", "jabber:component:accept", StreamErrorCondition.HostUnknown)]
    [InlineData("to='plays.localhost'", "jabber:client", StreamErrorCondition.InvalidNamespace)]
    [InlineData("to='plays.localhost'", "jabber:component:connect", StreamErrorCondition.InvalidNamespace)]
    public async Task A_header_that_is_wrong_is_answered_by_a_header_and_an_error(
        string attributes, string ns, StreamErrorCondition condition)
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = server.ConnectComponent();
        await component.OpenComponentAsync(attributes, ns);
        await component.ExpectStreamErrorAsync(condition);
    }

    [Fact]
    public async Task Who_does_not_know_the_secret_loses_the_connection()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = server.ConnectComponent();
        await component.OpenComponentAsync($"to='{ComponentTesting.Domain}'");
        await component.ProveAsync("another secret");
        await component.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Fact]
    public async Task Before_the_handshake_there_are_no_stanzas()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = server.ConnectComponent();
        await component.OpenComponentAsync($"to='{ComponentTesting.Domain}'");
        await component.SendAsync($"<message from='{ComponentTesting.Domain}' to='juliet@localhost'/>");
        await component.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Fact]
    public async Task A_component_is_connected_once()
    {
        await using var server = await ComponentTesting.StartAsync();
        var first = await server.LoginComponentAsync();
        var second = server.ConnectComponent();
        await second.OpenComponentAsync($"to='{ComponentTesting.Domain}'");
        await second.ExpectStreamErrorAsync(StreamErrorCondition.Conflict);

        await first.SendAsync("</stream:stream>");
        await first.ExpectEndAsync();
        await server.LoginComponentAsync();
    }

    [Theory]
    [InlineData("<message to='juliet@localhost'/>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<message from='plays.localhost'/>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<message from='juliet@localhost' to='romeo@localhost'/>", StreamErrorCondition.InvalidFrom)]
    [InlineData("<message from='sub.plays.localhost' to='romeo@localhost'/>", StreamErrorCondition.InvalidFrom)]
    [InlineData("<message from='@' to='romeo@localhost'/>", StreamErrorCondition.InvalidFrom)]
    [InlineData("<route from='plays.localhost' to='romeo@localhost'/>", StreamErrorCondition.UnsupportedStanzaType)]
    [InlineData("<message xmlns='urn:x' from='plays.localhost' to='romeo@localhost'/>", StreamErrorCondition.UnsupportedStanzaType)]
    public async Task What_a_component_may_not_send_ends_its_stream(string stanza, StreamErrorCondition condition)
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        await component.SendAsync(stanza);
        await component.ExpectStreamErrorAsync(condition);
    }

    [Fact]
    public async Task A_stanza_that_is_too_large_ends_the_stream()
    {
        await using var server = await ComponentTesting.StartAsync(options => options with
        {
            Limits = options.Limits with { StanzaBytes = 20_000 },
        });
        var component = await server.LoginComponentAsync();
        await component.SendAsync(
            $"<message from='{ComponentTesting.Domain}' to='a@localhost'><body>{new string('x', 20_000)}</body></message>");
        await component.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task A_handshake_that_does_not_come_is_not_waited_for()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = server.ConnectComponent();
        await component.OpenComponentAsync($"to='{ComponentTesting.Domain}'");
        server.Time.Advance(server.Options.Limits.NegotiationTimeout + TimeSpan.FromSeconds(2));
        await component.ExpectStreamErrorAsync(StreamErrorCondition.ConnectionTimeout);
    }

    [Fact]
    public async Task A_component_that_does_not_read_loses_its_connection_and_nobody_else_notices()
    {
        await using var server = await ComponentTesting.StartAsync(options => options with
        {
            Components = options.Components with { OutputBytes = 65_536 },
            Limits = options.Limits with { StanzaBytes = 20_000 },
        });
        var component = await server.LoginComponentAsync();
        var romeo = await server.LoginAsync("romeo");
        for (var i = 0; i < 5; i++)
        {
            await romeo.SendAsync(
                $"<message to='{ComponentTesting.Domain}' id='{i}' type='chat'><body>{new string('x', 15_000)}</body></message>");
        }

        var error = await romeo.ExpectErrorAsync(Core.Stanzas.StanzaErrorCondition.ServiceUnavailable);
        Assert.Equal("4", error["id"]);
        await component.Served;
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Reloading_adds_components_and_takes_them_away()
    {
        await using var server = await ComponentTesting.StartAsync();
        var plays = await server.LoginComponentAsync();
        await server.ReloadAsync(options => options with
        {
            Components = options.Components with
            {
                List = [.. options.Components.List, new() { Domain = "push.localhost", Secret = "12345678" }],
            },
        });
        var push = await server.LoginComponentAsync("push.localhost", "12345678");
        await server.ReloadAsync(options => options with
        {
            Components = options.Components with { List = [new() { Domain = "push.localhost", Secret = "another one" }] },
        });

        await plays.ExpectStreamErrorAsync(StreamErrorCondition.HostGone);
        await push.ExpectStreamErrorAsync(StreamErrorCondition.Reset);
        await server.LoginComponentAsync("push.localhost", "another one");
    }

    [Fact]
    public async Task When_the_server_stops_components_are_told()
    {
        await using var server = await ComponentTesting.StartAsync();
        var component = await server.LoginComponentAsync();
        var stopped = server.Server.StopAsync();
        await component.ExpectStreamErrorAsync(StreamErrorCondition.SystemShutdown);
        await stopped;
    }
}

/// <summary>What tests with components do.</summary>
internal static class ComponentTesting
{
    public const string Domain = "plays.localhost";
    public const string Secret = "to be or not to be";

    /// <summary>A server that knows a component.</summary>
    public static Task<TestServer> StartAsync(
        Func<ServerOptions, ServerOptions>? configure = null, params IReadOnlyList<Action<IModuleBuilder>> modules) =>
        TestServer.StartAsync(options => Configure(options, configure), modules);

    private static ServerOptions Configure(ServerOptions options, Func<ServerOptions, ServerOptions>? configure)
    {
        options = options with
        {
            Components = options.Components with { Port = 0, List = [new() { Domain = Domain, Secret = Secret, Name = "Plays" }] },
        };
        return configure?.Invoke(options) ?? options;
    }

    public static async Task<TestClient> LoginComponentAsync(this TestServer server, string domain = Domain, string secret = Secret)
    {
        var component = server.ConnectComponent();
        await component.OpenComponentAsync($"to='{domain}'");
        await component.ProveAsync(secret);
        await component.ExpectAsync("<handshake/>");
        return component;
    }
}
