using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Server.Sessions;
using Xmpp.Server.Sessions.Journal;
using Xunit;

namespace Xmpp.Server.Tests.Sessions.Journal;

/// <summary>What a process that was killed has left behind, made whole.</summary>
public sealed class JournalContentTests : IDisposable
{
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost/orchard");
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost/balcony");

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"xmppchat-journal-{Guid.NewGuid():n}");

    public void Dispose()
    {
        File.Delete(_path);
        File.Delete(_path + ".new");
    }

    [Fact]
    public void Sessions_come_back_as_they_were()
    {
        var journal = Open();
        var record = Record(journal, Juliet) with { Language = "it", Handled = 4, Acknowledged = uint.MaxValue - 1 };
        var session = journal.TryAdd(record)!;
        session.Save("192.0.2.1:4711", null, []);
        session.Save("192.0.2.1:4711", "<presence/>"u8.ToArray(), [new("roster", []), new("directed-presence", [1, 2])]);
        var acknowledged = session.Append(uint.MaxValue, "<message id='0'/>"u8, 1, CopyKind.Only, default);
        session.Append(0, "<message id='1'/>"u8, 2, CopyKind.Shared, default);
        session.Append(1, "<message id='2'/>"u8, 3, CopyKind.Elsewhere, default);
        session.Handle(5);
        session.Acknowledge(uint.MaxValue);
        session.Forget(acknowledged);
        var ended = journal.TryAdd(Record(journal, Romeo))!;
        ended.Append(1, "<message/>"u8, 4, CopyKind.Only, default);
        ended.Remove();

        var left = Assert.Single(JournalContent.Read(_path).Sessions);

        Assert.Equal(record with { Handled = 5, Acknowledged = uint.MaxValue }, left.Session);
        Assert.Equal("192.0.2.1:4711", left.Details!.Address);
        Assert.Equal("<presence/>", Encoding.UTF8.GetString(left.Details.Presence!));
        Assert.Equal(["roster", "directed-presence"], left.Details.State.Select(entry => entry.Key));
        Assert.Equal([1, 2], left.Details.State[1].Value);
        Assert.Equal(
            [("<message id='1'/>", 2L, CopyKind.Shared), ("<message id='2'/>", 3L, CopyKind.Elsewhere)],
            left.Stanzas.Select(stanza => (Encoding.UTF8.GetString(stanza.Stanza), stanza.SentAt, stanza.Copies)));
        journal.Dispose();
    }

    /// <summary>A sender's third message, of which the recipient's session has it or not when the process is killed.</summary>
    [Theory]
    [InlineData(false, false, 2u, 0, 0)]
    [InlineData(true, false, 2u, 0, 1)] // It will be sent again.
    [InlineData(true, true, 3u, 1, 0)]
    [InlineData(false, true, 3u, 0, 0)] // It needs no archive.
    public void A_message_was_handled_if_somebody_has_it(bool isInArchive, bool isWithRecipient, uint handled, int archives, int undone)
    {
        var journal = Open();
        var sender = journal.TryAdd(Record(journal, Romeo))!;
        var recipient = journal.TryAdd(Record(journal, Juliet))!;
        sender.Handle(2);
        var origin = new StanzaOrigin(sender.Number, 3);
        if (isInArchive)
            journal.TryAdd(origin, [Entry("3")]);
        if (isWithRecipient)
            recipient.Append(1, "<message/>"u8, 1, CopyKind.Only, origin);

        var left = JournalContent.Read(_path);

        Assert.Equal(handled, left.Sessions.Single(session => session.Session.Jid == Romeo).Session.Handled);
        Assert.Equal((archives, undone), (left.Archives.Count, left.Undone.Count));
        // Others may lack it.
        Assert.Equal(archives, left.PartlySent.Count);
        Assert.All(left.PartlySent, message => Assert.Equal([Juliet], message.Recipients));
        journal.Dispose();
    }

    [Fact]
    public void Links_come_back_with_what_they_have_to_bring_over()
    {
        var journal = Open();
        var record = new LinkRecord(journal.NextNumber(), 0, uint.MaxValue - 1, 0, "capulet.example", "montague.example", null);
        var link = journal.TryAdd(record)!;
        var acknowledged = link.Append(uint.MaxValue, "<message id='0'/>"u8, 1, default);
        link.Append(0, "<message id='1'/>"u8, 2, default);
        link.Append(1, "<message id='2'/>"u8, 3, default);
        link.Acknowledge(uint.MaxValue);
        link.Forget(acknowledged);
        link.Begin("stream", uint.MaxValue - 3);
        var empty = journal.TryAdd(record with { Number = journal.NextNumber(), Remote = "verona.example" })!;
        empty.Begin("other", 0);
        var removed = journal.TryAdd(record with { Number = journal.NextNumber() })!;
        removed.Append(uint.MaxValue, "<message/>"u8, 1, default);
        removed.Remove();

        var left = Assert.Single(JournalContent.Read(_path).Links);

        Assert.Equal(record with { Generation = 1, Acknowledged = uint.MaxValue, Base = uint.MaxValue - 3, StreamId = "stream" }, left.Link);
        Assert.Equal(["<message id='1'/>", "<message id='2'/>"], left.Stanzas.Select(stanza => Encoding.UTF8.GetString(stanza)));
        journal.Dispose();
    }

    [Fact]
    public void What_a_client_sends_to_another_server_was_handled_once_its_link_has_it()
    {
        var journal = Open();
        var sender = journal.TryAdd(Record(journal, Romeo))!;
        var link = journal.TryAdd(new LinkRecord(journal.NextNumber(), 0, 0, 0, "localhost", "montague.example", null))!;
        link.Append(1, "<message/>"u8, 1, new(sender.Number, 1));

        Assert.Equal(1u, Assert.Single(JournalContent.Read(_path).Sessions).Session.Handled);
        journal.Dispose();
    }

    [Theory]
    [InlineData(false, 2u, 0, 1)] // It will be sent again.
    [InlineData(true, 3u, 1, 0)]
    public void What_another_server_has_sent_was_handled_if_somebody_has_it(bool isWithRecipient, uint handled, int archives, int undone)
    {
        var journal = Open();
        var record = new RemoteRecord(journal.NextNumber(), 1, "stream", "localhost", "montague.example");
        var remote = journal.TryAdd(record)!;
        var recipient = journal.TryAdd(Record(journal, Juliet))!;
        remote.Handle(2);
        journal.TryAdd(new(remote.Number, 3), [Entry("3")]);
        if (isWithRecipient)
            recipient.Append(1, "<message/>"u8, 1, CopyKind.Only, new(remote.Number, 3));

        var left = JournalContent.Read(_path);

        Assert.Equal(record with { Handled = handled }, Assert.Single(left.Remotes));
        Assert.Equal((archives, undone), (left.Archives.Count, left.Undone.Count));
        journal.Dispose();
    }

    [Fact]
    public void Messages_that_were_handled_go_to_their_archives()
    {
        var journal = Open();
        var sender = journal.TryAdd(Record(journal, Romeo))!;
        var entry = Entry("1") with { Text = "Ödipus", IsShown = false };
        journal.TryAdd(new(sender.Number, 1), [entry, Entry("1") with { Account = Romeo.Bare, IsIncoming = false, Text = null }]);
        journal.Forget(journal.TryAdd(new(sender.Number, 2), [Entry("2")]));
        journal.TryAdd(default, [Entry("of nobody's session")]);
        sender.Handle(2);

        var archives = JournalContent.Read(_path).Archives;

        Assert.Equal(2, archives.Count);
        Assert.Empty(JournalContent.Read(_path).PartlySent);
        var both = archives.Single(archive => archive.Origin.Session == sender.Number).Entries;
        Assert.Equal(entry with { Stanza = default }, both[0] with { Stanza = default });
        Assert.Equal(entry.Stanza.ToArray(), both[0].Stanza.ToArray());
        Assert.Equal((Romeo.Bare, false, null), (both[1].Account, both[1].IsIncoming, both[1].Text));
        journal.Dispose();
    }

    [Fact]
    public void A_session_that_there_is_no_room_for_is_not_there()
    {
        var journal = Open();
        var session = journal.TryAdd(Record(journal, Juliet))!;
        Assert.True(session.IsThere);
        var stanza = new byte[JournalFile.MaxContent];

        Assert.True(session.Append(1, stanza, 1, CopyKind.Only, default).IsNone);

        Assert.False(session.IsThere);
        session.Handle(1);
        session.Acknowledge(1);
        session.Save("", null, []);
        Assert.Empty(JournalContent.Read(_path).Sessions);
        journal.Dispose();
    }

    private SessionJournal Open()
    {
        var journal = SessionJournal.Open(_path, JournalFile.MinBytes, out var former);
        Assert.True(former.IsTrusted);
        journal.Begin();
        return journal;
    }

    private static SessionRecord Record(SessionJournal journal, Jid jid) => new(
        journal.NextNumber(), 0, 0, "id-" + jid.Local, jid, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), null, TimeSpan.FromMinutes(5));

    private static ArchiveEntry Entry(string id) => new(
        Juliet.Bare, SortableId.New(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000)), Romeo, IsIncoming: true,
        Encoding.UTF8.GetBytes($"<message id='{id}'/>"), "text", IsShown: true);
}
