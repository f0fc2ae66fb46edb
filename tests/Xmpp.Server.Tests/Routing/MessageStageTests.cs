using System.Collections.Concurrent;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>What modules see of a message on its way, and what they can do about it.</summary>
public sealed class MessageStageTests
{
    private readonly ConcurrentQueue<string> _seen = new();

    [Fact]
    public async Task Each_account_takes_a_message_through_the_stages_in_order()
    {
        await using var server = await TestServer.StartAsync(null, Watch);
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'/>");
        await juliet.ReadAsync();

        Assert.Equal(
        [
            "Guard romeo@localhost Sent", "Stamp romeo@localhost Sent", "Archive romeo@localhost Sent", "Copy romeo@localhost Sent",
            "Guard juliet@localhost Received", "Stamp juliet@localhost Received", "Archive juliet@localhost Received",
            "Copy juliet@localhost Received", "Deliver juliet@localhost Received",
        ], _seen);
    }

    [Fact]
    public async Task A_message_that_nobody_takes_passes_one_more()
    {
        await using var server = await TestServer.StartAsync(null, Watch);
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'/>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);

        Assert.Equal(["Deliver juliet@localhost Received", "Undelivered juliet@localhost Received"], _seen.Skip(8));
    }

    [Fact]
    public async Task A_message_to_oneself_touches_one_account_once()
    {
        await using var server = await TestServer.StartAsync(null, Watch);
        var romeo = await server.LoginAsync("romeo");

        await romeo.SendAsync("<message to='romeo@localhost' type='chat'/>");
        await romeo.ReadAsync();

        Assert.Equal(
        [
            "Guard romeo@localhost Sent", "Stamp romeo@localhost Sent", "Archive romeo@localhost Sent", "Copy romeo@localhost Sent",
            "Deliver romeo@localhost Received",
        ], _seen);
    }

    [Fact]
    public async Task A_message_to_elsewhere_touches_its_sender()
    {
        await using var server = await TestServer.StartAsync(null, Watch);
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='juliet@example.org' type='chat'/>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.RemoteServerNotFound);

        Assert.All(_seen, seen => Assert.EndsWith("romeo@localhost Sent", seen, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(MessageStage.Guard, MessageDirection.Sent, 1)]
    [InlineData(MessageStage.Copy, MessageDirection.Sent, 4)]
    [InlineData(MessageStage.Guard, MessageDirection.Received, 5)]
    [InlineData(MessageStage.Deliver, MessageDirection.Received, 9)]
    public async Task A_message_can_be_stopped_at_every_stage_with_a_word_to_the_sender_or_without(
        MessageStage stage, MessageDirection direction, int reached)
    {
        await using var server = await TestServer.StartAsync(null, Watch, module => module.Message(stage, (message, _) =>
        {
            if (message.Direction != direction || message.Stanza.Attribute("id"u8) is not ("told" or "untold"))
                return new(Verdict.Continue);
            message.Error = message.Stanza.Attribute("id"u8) == "told" ? StanzaError.Of(StanzaErrorCondition.PolicyViolation) : null;
            return new(Verdict.Stop);
        }));
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='told'/>");
        Assert.Equal("told", (await romeo.ExpectErrorAsync(StanzaErrorCondition.PolicyViolation))["id"]);
        Assert.Equal(reached, _seen.Count);

        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='untold'/>");
        await juliet.ExpectNothingFromAsync(romeo);
        await romeo.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task An_error_is_not_answered_whatever_a_module_says()
    {
        await using var server = await TestServer.StartAsync(null, module => module.Message(MessageStage.Guard, (message, _) =>
        {
            message.Error = StanzaError.Of(StanzaErrorCondition.PolicyViolation);
            return new(message.Type == MessageType.Error ? Verdict.Stop : Verdict.Continue);
        }));
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='juliet@localhost' type='error'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task What_a_module_keeps_is_not_returned()
    {
        await using var server = await TestServer.StartAsync(null, module =>
            module.Message(MessageStage.Undelivered, (_, _) => new(Verdict.Stop)));
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'/>");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Handlers_of_a_stage_run_in_the_order_of_the_modules()
    {
        await using var server = await TestServer.StartAsync(null, Named("first"), Named("second"), Named("third"));
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<message to='{romeo.Jid}'/>");
        await romeo.ReadAsync();

        Assert.Equal(["first", "second", "third"], _seen);

        Action<IModuleBuilder> Named(string name) => module => module.Message(MessageStage.Copy, (_, _) =>
        {
            _seen.Enqueue(name);
            return new(Verdict.Continue);
        });
    }

    [Fact]
    public async Task Handlers_that_take_their_time_keep_messages_in_order_and_apart()
    {
        const int count = 200;
        await using var server = await TestServer.StartAsync(null, module => module.Message(MessageStage.Archive, async (message, _) =>
        {
            // Every other message of each sender waits, and still finds itself in the context.
            var (id, from) = (message.Stanza.Attribute("id"u8)!, message.From);
            if (int.Parse(id[1..]) % 2 == 0)
                await Task.Yield();
            Assert.Equal((id, from), (message.Stanza.Attribute("id"u8), message.From));
            return Verdict.Continue;
        }));
        var juliet = await server.ConnectAsync("juliet");
        var senders = new List<TestClient>();
        foreach (var name in new[] { "romeo", "benvolio", "mercutio" })
            senders.Add(await server.ConnectAsync(name));

        for (var i = 0; i < count; i++)
        {
            for (var s = 0; s < senders.Count; s++)
                await senders[s].SendAsync($"<message to='{juliet.Jid}' id='{s}{i}'/>");
        }

        var next = new int[senders.Count];
        for (var i = 0; i < count * senders.Count; i++)
        {
            var message = await juliet.ReadAsync();
            var sender = message["id"]![0] - '0';
            Assert.Equal((senders[sender].Jid.ToString(), $"{sender}{next[sender]++}"), (message["from"], message["id"]));
        }
    }

    [Fact]
    public async Task A_handler_that_fails_costs_the_message_and_not_the_session()
    {
        await using var server = await TestServer.StartAsync(null, module => module.Message(MessageStage.Archive, async (message, _) =>
        {
            await Task.Yield();
            throw message.Stanza.Attribute("id"u8) switch
            {
                "store" => new StoreException(StanzaErrorCondition.ResourceConstraint, "full"),
                _ => new InvalidOperationException("a bug of the test"),
            };
        }));
        server.ExpectError("a bug of the test");
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync("<message to='juliet@localhost' id='store'/><message to='juliet@localhost' id='bug'/>");

        Assert.Equal("store", (await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint))["id"]);
        Assert.Equal("bug", (await romeo.ExpectErrorAsync(StanzaErrorCondition.InternalServerError))["id"]);
    }

    [Theory]
    [InlineData("<message to='{0}'/>", "<added xmlns='urn:example:a'/>")]
    [InlineData("<message to='{0}' ></message >", "<added xmlns='urn:example:a'/>")]
    [InlineData("<message to='{0}'>text</message>", "text<added xmlns='urn:example:a'/>")]
    [InlineData("<message from='{1}' to='{0}'><drop xmlns='urn:example:d'/></message>", "<added xmlns='urn:example:a'/>")]
    [InlineData("<message to='{0}'><drop xmlns='urn:example:d'>x<y/></drop>a<b/><drop xmlns='urn:example:d'/></message>",
        "a<b/><added xmlns='urn:example:a'/>")]
    public async Task What_the_recipient_s_account_adds_and_leaves_out_the_recipient_sees(string sent, string content)
    {
        await using var server = await TestServer.StartAsync(null, module => module.Message(MessageStage.Stamp, (message, _) =>
        {
            // The sender's account has a copy of its own.
            message.Append(message.IsForAccount ? "<added xmlns='urn:example:a'/>"u8 : "<never xmlns='urn:example:n'/>"u8);
            for (var i = message.Stanza.ChildCount - 1; i >= 0; i--)
            {
                if (message.Stanza.Child(i).LocalName.SequenceEqual("drop"u8))
                    message.Drop(i);
            }
            return new(Verdict.Continue);
        }));
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");

        await romeo.SendAsync(string.Format(null, sent, juliet.Jid, romeo.Jid));
        await juliet.ExpectAsync($"<message from='{romeo.Jid}' to='{juliet.Jid}'>{content}</message>");
        await romeo.SendAsync(string.Format(null, sent, romeo.Jid, romeo.Jid));
        await romeo.ExpectAsync($"<message from='{romeo.Jid}' to='{romeo.Jid}'>{content}</message>");
    }

    /// <summary>Notes every stage of every message.</summary>
    private void Watch(IModuleBuilder module)
    {
        foreach (var stage in Enum.GetValues<MessageStage>())
        {
            module.Message(stage, (message, _) =>
            {
                _seen.Enqueue($"{stage} {message.Account} {message.Direction}");
                return new(Verdict.Continue);
            });
        }
    }
}
