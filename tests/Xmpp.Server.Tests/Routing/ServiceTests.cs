using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Tests.Components;
using Xmpp.Server.Tests.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>Modules serve domains below the hosts.</summary>
public sealed class ServiceTests
{
    private readonly EchoService _echo = new();

    [Theory]
    [InlineData("echo.localhost")]
    [InlineData("cave@echo.localhost")]
    [InlineData("cave@echo.localhost/wall")]
    [InlineData("echo.localhost/wall")]
    public async Task Everything_at_the_domain_is_the_service_s(string address)
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync($"<message to='{address}' id='1' type='groupchat'><body>Hark!</body></message>");
        await romeo.ExpectAsync($"<message from='{address}' to='{romeo.Jid}' id='echo'>message groupchat of localhost</message>");
        await romeo.SendAsync($"<presence to='{address}'/>");
        await romeo.ExpectAsync($"<message from='{address}' to='{romeo.Jid}' id='echo'>presence  of localhost</message>");
        await romeo.SendAsync($"<iq type='get' id='2' to='{address}'><ping xmlns='urn:x'/></iq>");
        await romeo.ExpectAsync($"<iq type='result' id='2' from='{address}' to='{romeo.Jid}'><ping xmlns='urn:x'/></iq>");
        await romeo.SendAsync($"<iq type='result' id='3' to='{address}'/>");
        await romeo.ExpectAsync($"<message from='{address}' to='{romeo.Jid}' id='echo'>iq result of localhost</message>");
    }

    [Theory]
    [InlineData("echo.localhost")]
    [InlineData("cave@echo.localhost/wall")]
    public async Task Those_who_are_not_local_reach_it_too(string address)
    {
        await using var server = _echo.Server = await ComponentTesting.StartAsync(configure: null, Register);
        var component = await server.LoginComponentAsync();
        var from = $"hamlet@{ComponentTesting.Domain}";

        await component.SendAsync($"<message from='{from}' to='{address}' id='1' type='chat'/>");
        await component.ExpectAsync($"<message from='{address}' to='{from}' id='echo'>message chat of localhost</message>");
        await component.SendAsync($"<presence from='{from}' to='{address}' type='unavailable'/>");
        await component.ExpectAsync($"<message from='{address}' to='{from}' id='echo'>presence unavailable of localhost</message>");
        await component.SendAsync($"<iq from='{from}' type='get' id='2' to='{address}'><ping xmlns='urn:x'/></iq>");
        await component.ExpectAsync($"<iq type='result' id='2' from='{address}' to='{from}'><ping xmlns='urn:x'/></iq>");
        await component.SendAsync($"<message from='{from}' to='{address}' id='refuse'/>");
        Assert.Equal("error", (await component.ReadAsync())["type"]);
    }

    [Theory]
    [InlineData("<message to='echo.localhost' id='refuse'/>", true)]
    [InlineData("<presence to='echo.localhost' id='refuse'/>", true)]
    [InlineData("<iq to='echo.localhost' id='refuse' type='set'><x xmlns='urn:x'/></iq>", true)]
    [InlineData("<message to='echo.localhost' id='refuse' type='error'/>", false)]
    [InlineData("<presence to='echo.localhost' id='refuse' type='error'/>", false)]
    [InlineData("<iq to='echo.localhost' id='refuse' type='error'/>", false)]
    public async Task Senders_are_told_of_errors_unless_they_sent_one(string stanza, bool isTold)
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync(stanza);

        if (isTold)
            Assert.Equal("refuse", (await romeo.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable))["id"]);
        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task A_service_that_fails_is_a_bug_that_its_sender_is_told_of()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        foreach (var stanza in (string[])["<message to='{0}' id='1'/>", "<presence to='{0}' id='1'/>",
            "<iq to='{0}' id='1' type='get'><x xmlns='urn:x'/></iq>"])
        {
            server.ExpectError("failed");
            await romeo.SendAsync(string.Format(null, stanza, "fail@echo.localhost"));
            await romeo.ExpectErrorAsync(StanzaErrorCondition.InternalServerError);
        }
    }

    [Fact]
    public async Task Guards_of_the_sender_s_account_are_asked()
    {
        await using var server = await StartAsync(null, builder => builder.Guard((stanza, _) => new(
            stanza.Peer.Domain != "echo.localhost"
                ? GuardVerdict.Pass
                : GuardVerdict.Refuse(StanzaError.Of(StanzaErrorCondition.PolicyViolation)))));
        var romeo = await server.LoginAsync("romeo", "orchard");

        foreach (var stanza in (string[])
            ["<message to='{0}'/>", "<presence to='{0}'/>", "<iq to='{0}' id='1' type='get'><x xmlns='urn:x'/></iq>"])
        {
            await romeo.SendAsync(string.Format(null, stanza, "echo.localhost"));
            await romeo.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation);
        }
    }

    [Fact]
    public async Task It_is_among_the_items_of_its_host()
    {
        await using var server = await StartAsync(options => options with { Hosts = ["localhost", "example.com"] });
        var romeo = await server.LoginAsync("romeo", "orchard");

        foreach (var host in (string[])["localhost", "example.com"])
        {
            await romeo.SendAsync($"<iq type='get' id='1' to='{host}'><query xmlns='{Namespaces.DiscoItems}'/></iq>");
            var items = (await romeo.ReadAsync()).Child(Namespaces.DiscoItems, "query")!.Elements;
            Assert.Contains(items, item => item["jid"] == $"echo.{host}" && item["name"] == "Echo");
            await romeo.SendAsync($"<message to='echo.{host}' type='chat'/>");
            Assert.Equal($"message chat of {host}", (await romeo.ReadAsync()).Text);
        }
    }

    [Fact]
    public async Task It_hears_who_becomes_unavailable_to_everybody()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync("<presence type='unavailable'><status>gone</status></presence>");
        await romeo.ExpectAsync($"<presence type='unavailable' from='{romeo.Jid}' to='{romeo.Jid}'><status>gone</status></presence>");
        await romeo.SendAsync("<message to='echo.localhost' type='chat'/>");
        await romeo.ReadAsync();

        Assert.Equal([$"{romeo.Jid} gone"], _echo.Unavailable);
    }

    [Fact]
    public async Task A_message_that_it_keeps_gates_the_acknowledgement()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        await romeo.EnableAsync();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Store.ArchiveHold = release.Task;

        await romeo.SendAsync("<message to='keep@echo.localhost' id='1'/><r xmlns='urn:xmpp:sm:3'/>");
        Assert.Equal("echo", (await romeo.ReadAsync())["id"]);
        await romeo.SendAsync("<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal("ping", (await romeo.ReadAsync())["id"]);

        release.SetResult();
        await romeo.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='2'/>");
    }

    [Fact]
    public async Task A_message_that_could_not_be_kept_is_refused()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Store.ArchiveHold = release.Task;
        await romeo.SendAsync("<message to='keep@echo.localhost' id='1'/>");
        Assert.Equal("echo", (await romeo.ReadAsync())["id"]);

        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;
        release.SetResult();

        var error = await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        Assert.Equal(("1", "keep@echo.localhost", romeo.Jid.ToString()), (error["id"], error["from"], error["to"]));
        server.Store.Failure = null;
    }

    [Fact]
    public async Task It_is_told_of_the_start()
    {
        await using var server = await StartAsync();
        Assert.True(_echo.HasStarted);
    }

    private async Task<TestServer> StartAsync(
        Func<ServerOptions, ServerOptions>? configure = null, params IReadOnlyList<Action<IModuleBuilder>> modules) =>
        _echo.Server = await TestServer.StartAsync(configure, [Register, .. modules]);

    private void Register(IModuleBuilder builder)
    {
        builder.Service(_echo);
        builder.Starting(_ =>
        {
            _echo.HasStarted = true;
            return default;
        });
        builder.Unavailable((session, presence) =>
        {
            _echo.Unavailable.Add($"{session.Jid} {presence.Child(Namespaces.Client, "status")?.Text}");
            return default;
        });
    }
}

/// <summary>Says what it hears.</summary>
internal sealed class EchoService : IHostService
{
    public TestServer? Server { get; set; }

    public List<string> Unavailable { get; } = [];

    public bool HasStarted { get; set; }

    public string Label => "echo";

    public string Name => "Echo";

    public async ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken)
    {
        if (message.To.Local == "keep")
        {
            await message.Sender!.KeepAsync(
            [
                new ArchiveEntry(
                    message.To, SortableId.New(DateTimeOffset.UnixEpoch), message.From, IsIncoming: true, message.View.Bytes.ToArray(),
                    Text: null, IsShown: false),
            ]);
        }
        return Handle(message);
    }

    public ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken) => new(Handle(presence));

    public ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken) => new(
        request is not null && iq.To.Local != "fail" && iq.View.Attribute("id"u8) != "refuse" ? IqReply.Result(iq.Payload)
        : Handle(iq) is { } error ? IqReply.Failed(error) : IqReply.Sent);

    private StanzaError? Handle(ServiceStanza stanza)
    {
        if (stanza.To.Local == "fail")
            throw new InvalidOperationException("The test wants it.");
        if (stanza.View.Attribute("id"u8) == "refuse")
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable);
        Assert.Null(Server!.Server.Context.Messages.Send(
            new Element(Namespaces.Client, "message",
                Element.Attr("id", "echo"), Element.Attr("from", stanza.To.ToString()), Element.Attr("to", stanza.From.ToString()),
                $"{Encoding.UTF8.GetString(stanza.View.LocalName)} {stanza.Type} of {stanza.Host}"),
            stanza.From));
        return null;
    }
}
