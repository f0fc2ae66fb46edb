using Xmpp.Core;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0313 §5.1.1, XEP-0334: what belongs into an archive.</summary>
public sealed class ArchivedContentTests
{
    private const string Hints = "urn:xmpp:hints";

    [Theory]
    [InlineData("<message><body>Hark!</body></message>", true)]
    [InlineData("<message type='normal'><subject>Dream</subject></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>", true)]
    [InlineData("<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", false)]
    [InlineData("<message type='chat'/>", false)]
    [InlineData("<message type='chat'><x xmlns='urn:example:x'/></message>", false)]
    // Those about other messages
    [InlineData("<message type='chat'><body>Hark!</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body><reply xmlns='urn:xmpp:reply:0' id='1' to='romeo@localhost'/></message>", true)]
    [InlineData("<message type='chat'><reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>👋</reaction></reactions></message>", true)]
    [InlineData("<message type='chat'><retract xmlns='urn:xmpp:message-retract:1' id='1'/></message>", true)]
    [InlineData("<message type='chat'><received xmlns='urn:xmpp:receipts' id='1'/></message>", true)]
    [InlineData("<message type='chat'><request xmlns='urn:xmpp:receipts'/></message>", false)]
    [InlineData("<message type='chat'><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>", true)]
    [InlineData("<message type='chat'><markable xmlns='urn:xmpp:chat-markers:0'/></message>", false)]
    // Encrypted ones, calls, invitations
    [InlineData("<message type='chat'><encrypted xmlns='eu.siacs.conversations.axolotl'/></message>", true)]
    [InlineData("<message type='chat'><encrypted xmlns='urn:xmpp:omemo:2'/></message>", true)]
    [InlineData("<message type='chat'><propose xmlns='urn:xmpp:jingle-message:0' id='1'/></message>", true)]
    [InlineData("<message><x xmlns='jabber:x:conference' jid='capulets@chat.localhost'/></message>", true)]
    [InlineData("<message><mentions xmlns='urn:xmpp:mmn:0'/></message>", true)]
    // Hints
    [InlineData("<message type='chat'><x xmlns='urn:example:x'/><store xmlns='" + Hints + "'/></message>", true)]
    [InlineData("<message type='chat'><body>Hark!</body><no-store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message type='chat'><body>Hark!</body><no-permanent-store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message type='chat'><body>Hark!</body><no-copy xmlns='" + Hints + "'/></message>", true)]
    // Types
    [InlineData("<message type='groupchat'><body>Hark!</body></message>", false)]
    [InlineData("<message type='headline'><body>Hark!</body></message>", false)]
    [InlineData("<message type='headline'><body>Hark!</body><store xmlns='" + Hints + "'/></message>", false)]
    [InlineData("<message type='error'><body>Hark!</body></message>", false)]
    public async Task What_belongs_to_a_conversation_is_archived_on_both_sides(string message, bool isArchived)
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");

        await romeo.SendAsync(message.Replace("<message", $"<message to='{juliet.Jid}'"));
        var received = await juliet.ReadAsync();

        Assert.Equal(isArchived ? 1 : 0, (await romeo.QueryAsync()).Results.Count);
        var hers = await juliet.QueryAsync();
        Assert.Equal(isArchived ? 1 : 0, hers.Results.Count);
        // What is archived is said to be, and nothing else.
        Assert.Equal(hers.Ids.SingleOrDefault(), Core.Extensions.StanzaId.Find(received, Jid.Parse("juliet@localhost")));
    }
}
