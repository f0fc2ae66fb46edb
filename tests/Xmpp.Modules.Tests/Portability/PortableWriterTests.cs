using System.Text;
using System.Xml;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Portability;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Modules.Tests.Portability;

/// <summary>XEP-0227 as this server writes it, and reads it again.</summary>
public sealed class PortableWriterTests : IDisposable
{
    private static readonly Jid Juliet = Jid.Parse("juliét@capulet.com");
    private static readonly DateTimeOffset Created = new(2026, 11, 20, 12, 34, 56, 789, TimeSpan.Zero);

    private readonly PortableFiles _files = new();
    private readonly SqliteStore _store;

    public PortableWriterTests() => _store = SqliteStore.Open(_files.PathOf("test.db"));

    public void Dispose()
    {
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _files.Dispose();
    }

    [Fact]
    public async Task What_was_written_reads_the_same()
    {
        var request = Element.Parse("<presence type='subscribe' from='paris@capulet.com' to='juliét@capulet.com'><status>Please</status></presence>");
        RosterEntry[] entries =
        [
            new(Jid.Parse("romeo@montague.net"))
            {
                IsListed = true, Subscription = SubscriptionState.To, IsAsking = true, IsApproved = true, Name = "R <&> '\"", Groups = ["A", "B"],
            },
            new(Jid.Parse("paris@capulet.com")) { Request = request },
        ];
        var account = new StoredAccount(
            new(Juliet, [KeysOf("SHA-1", 20), KeysOf("SHA-256", 32)], Enabled: false, Created, Created.AddDays(1)),
            new(10, 1, entries, []),
            [Jid.Parse("tybalt@capulet.com"), Jid.Parse("spam.example")],
            [
                DataOf("private", "one", "<query xmlns='jabber:iq:private'><a xmlns='one'/><b xmlns='one'>é</b></query>"),
                DataOf("private", "two", "<query xmlns='jabber:iq:private'><a xmlns='two'/></query>"),
                DataOf("vcard", "", "<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>"),
            ],
            new(Created.AddDays(2), Octets("<presence type='unavailable'><status>Gone</status></presence>")));
        string[] messages =
        [
            "<message from='romeo@montague.net' to='juliét@capulet.com'><body>1</body><delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2026-11-20T12:34:56.789Z'>Offline Storage</delay></message>",
            "<message xml:lang='en'><body>\r\n\t2</body><x xmlns='y' z:a='b' xmlns:z='c'/></message>",
        ];

        ArchiveEntry[] archive =
        [
            ArchivedOf(Created, "<message from='romeo@montague.net/orchard' to='juliét@capulet.com' type='chat'><body>1 &amp; 2</body></message>"),
            ArchivedOf(Created.AddSeconds(1), "<message xmlns='jabber:client' from='juliét@capulet.com/balcony' to='romeo@montague.net'/>"),
        ];

        var contents = await WriteAsync(account, messages, archive);

        Assert.Equal([new(Juliet, Created)], contents.Starts);
        var user = Assert.Single(contents.Users);
        Assert.Equal((false, Created.AddDays(1)), (user.Enabled, user.LastLogin));
        Assert.Equal(
            account.Account.Keys.Select(KeysText), user.Keys.Select(KeysText));
        Assert.Equal(entries.Select(EntryText), user.Roster.Select(EntryText));
        Assert.Equal(account.Blocked, user.Blocked);
        Assert.Equal(
            account.Data.Select(data => (data.DataKind, data.Key, Element.Parse(data.Value))),
            user.Data.Select(data => (data.DataKind, data.Key, Element.Parse(data.Value))));
        Assert.Equal((Created.AddDays(2), Element.Parse(account.Seen!.Presence)), (user.Seen!.At, Element.Parse(user.Seen.Presence)));
        Assert.Equal(messages.Select(message => Element.Parse(message)), contents.Messages.Select(message => Element.Parse(message.Stanza)));
        Assert.Equal([Created, null], contents.Messages.Select(message => message.At));
        Assert.Equal(
            archive.Select(message => (message.Id.ToString(), message.Id.Time, Element.Parse(message.Stanza, Namespaces.Client))),
            contents.Archived.Select(message => (message.Id!, message.At!.Value, Element.Parse(message.Stanza))));
        Assert.Empty(contents.LeftOut);
    }

    [Fact]
    public async Task A_user_with_nothing_is_a_user()
    {
        var contents = await WriteAsync(
            new(new(Juliet, [], Enabled: true, Created, null), new(1, 1, [], []), [], [], null), []);

        var user = Assert.Single(contents.Users);
        Assert.True(user.Enabled);
        Assert.Empty(user.Roster);
        Assert.Empty(user.Keys);
    }

    [Fact]
    public async Task What_the_format_has_no_place_for_is_counted()
    {
        var account = new StoredAccount(
            new(Juliet, [], Enabled: true, Created, null), new(1, 1, [], []), [],
            [DataOf("motd", "", "7"), DataOf("vcard", "", "no XML")], null);
        var path = _files.PathOf("out.xml");
        await using var stream = File.Create(path);
        var writer = new PortableWriter(stream, "capulet.com");

        await writer.WriteAsync(
            account, new[] { MessageOf("\0") }.ToAsyncEnumerable(), new[] { ArchivedOf(Created, "<message") }.ToAsyncEnumerable(),
            _store.PubSub);

        Assert.Equal(
            ["a stored message that isn't XML", "a vCard that isn't XML", "an archived message that isn't XML", "data of kind 'motd'"],
            writer.LeftOut.Counts.Keys);
    }

    [Fact]
    public async Task Others_can_read_it()
    {
        await WriteAsync(
            new(new(Juliet, [], Enabled: true, Created, null), new(1, 1, [], []), [], [], null), ["<message><body>Hark!</body></message>"]);
        var names = new XmlNamespaceManager(new NameTable());
        names.AddNamespace("pie", "urn:xmpp:pie:0");
        names.AddNamespace("client", "jabber:client");
        var document = new XmlDocument();
        document.Load(_files.PathOf("out.xml"));

        Assert.Equal("Hark!", document.SelectSingleNode(
            "/pie:server-data/pie:host[@jid='capulet.com']/pie:user[@name='juliét']/pie:offline-messages/client:message/client:body",
            names)!.InnerText);
    }

    private async Task<PortableFiles.Contents> WriteAsync(StoredAccount account, string[] messages, params ArchiveEntry[] archive)
    {
        var path = _files.PathOf("out.xml");
        await using (var stream = File.Create(path))
        {
            var writer = new PortableWriter(stream, "capulet.com");
            await writer.WriteAsync(
                account, messages.Select(MessageOf).ToAsyncEnumerable(), archive.ToAsyncEnumerable(), _store.PubSub);
            writer.End();
            Assert.Empty(writer.LeftOut.Counts);
        }
        return PortableFiles.ReadFile(path);
    }

    private static MessageRecord MessageOf(string stanza) => new(Juliet, Created, Octets(stanza));

    private static ArchiveEntry ArchivedOf(DateTimeOffset at, string stanza) =>
        new(Juliet, SortableId.New(at), Jid.Parse("romeo@montague.net"), true, Octets(stanza), null, true);

    private static DataRecord DataOf(string kind, string key, string value) => new(Juliet, kind, key, Octets(value));

    private static ScramKeys KeysOf(string hash, int length) => new(hash, new byte[] { 1, 2, 3 }, 4096, new byte[length], new byte[length]);

    private static string KeysText(ScramKeys keys) =>
        $"{keys.Hash} {Convert.ToHexString(keys.Salt.Span)} {keys.Iterations} {Convert.ToHexString(keys.StoredKey.Span)} {Convert.ToHexString(keys.ServerKey.Span)}";

    private static string EntryText(RosterEntry entry) => $"{entry with { Groups = [], Request = null }} {string.Join(';', entry.Groups)} {entry.Request}";

    private static ReadOnlyMemory<byte> Octets(string text) => Encoding.UTF8.GetBytes(text);
}
