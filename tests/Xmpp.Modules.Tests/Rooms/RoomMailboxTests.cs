using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Rooms;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Rooms.RoomTesting;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>One at a time has a room, first come, first served.</summary>
public sealed class RoomMailboxTests
{
    private readonly List<string> _handled = [];

    [Fact]
    public async Task Who_comes_while_somebody_has_the_room_waits_its_turn()
    {
        await using var server = await TestServer.StartAsync();
        var mailbox = new RoomMailbox(server.Server.Context.Sessions, Handle);
        await mailbox.EnterAsync();

        var first = mailbox.HandleAsync(Message("first")).AsTask();
        var second = mailbox.EnterAsync().AsTask();
        var third = mailbox.HandleAsync(Message("third")).AsTask();
        Assert.Equal([false, false, false], ((Task[])[first, second, third]).Select(task => task.IsCompleted));

        mailbox.Exit();
        Assert.Equal(StanzaErrorCondition.Conflict, (await first)!.Condition);
        await second; // Who wants to have the room has it.
        Assert.False(third.IsCompleted);
        mailbox.Exit();
        await third;
        Assert.Equal(["first", "third"], _handled);
        await mailbox.EnterAsync();
    }

    [Fact]
    public async Task A_message_that_can_not_be_handled_is_its_sender_s_failure_only()
    {
        await using var server = await TestServer.StartAsync();
        var mailbox = new RoomMailbox(server.Server.Context.Sessions, Handle);
        await mailbox.EnterAsync();
        var bad = mailbox.HandleAsync(Message("bad")).AsTask();
        var good = mailbox.HandleAsync(Message("good")).AsTask();

        mailbox.Exit();

        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
        await good;
        await Assert.ThrowsAsync<InvalidOperationException>(() => mailbox.HandleAsync(Message("bad")).AsTask());
        await mailbox.EnterAsync();
    }

    [Fact]
    public async Task Many_at_once_come_one_after_the_other()
    {
        await using var server = await TestServer.StartAsync();
        var mailbox = new RoomMailbox(server.Server.Context.Sessions, Handle);
        await mailbox.EnterAsync();
        var waiting = Enumerable.Range(0, 200).Select(number => mailbox.HandleAsync(Message($"{number}")).AsTask()).ToList();

        mailbox.Exit();

        await Task.WhenAll(waiting);
        Assert.Equal(Enumerable.Range(0, 200).Select(number => $"{number}"), _handled);
    }

    private static ServiceStanza Message(string name) =>
        new(null!, Jid.Parse($"{name}@localhost"), Jid.Parse(Coven), "localhost", Sender: null);

    private StanzaError? Handle(ServiceStanza message)
    {
        if (message.From.Local == "bad")
            throw new InvalidOperationException("The test wants it.");
        _handled.Add(message.From.Local!);
        return StanzaError.Of(StanzaErrorCondition.Conflict);
    }
}
