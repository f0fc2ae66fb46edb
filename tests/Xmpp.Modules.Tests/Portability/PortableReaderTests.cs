using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Portability;
using Xunit;

namespace Xmpp.Modules.Tests.Portability;

/// <summary>XEP-0227 as others write it: its own examples, what exporters do, and what nobody should.</summary>
public sealed class PortableReaderTests : IDisposable
{
    private static readonly Jid Juliet = Jid.Parse("juliet@capulet.com");
    private static readonly Jid Romeo = Jid.Parse("romeo@montague.net");

    private readonly PortableFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void The_examples_of_the_specification_are_read()
    {
        var contents = _files.Read("""
            <user name='juliet'>
              <scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='SCRAM-SHA-1'>
                <iter-count>100000</iter-count>
                <salt>TmFDbE5hQ2xOYUNsTmFDbE5hQ2xOYUNsTmFDbE5hQ2xOYUNsTmFDbE5hQ2wK</salt>
                <server-key>0pXWGK0GZJ6TR73AIUN3ITYtA1g=</server-key>
                <stored-key>Q6qT/SbybblGCZz8e8eSfCJOQic=</stored-key>
              </scram-credentials>
              <query xmlns='jabber:iq:roster'>
                <item jid='romeo@montague.net'
                      name='Romeo'
                      subscription='both'>
                  <group>Friends</group>
                </item>
              </query>
              <offline-messages>
                <message xmlns='jabber:client'
                         from='romeo@montague.net/orchard'
                         to='juliet@capulet.com/balcony'
                         type='chat'>
                  <body>Neither, fair saint, if either thee dislike.</body>
                  <delay xmlns='urn:xmpp:delay'
                         from='capulet.com'
                         stamp='1469-07-21T00:32:29Z'>
                    Offline Storage
                  </delay>
                </message>
              </offline-messages>
              <query xmlns="jabber:iq:private">
                <exodus xmlns="exodus:prefs">
                  <defaultnick>Hamlet</defaultnick>
                </exodus>
              </query>
              <vCard xmlns='vcard-temp'>
                <FN>Juliet Capulet</FN>
              </vCard>
              <query xmlns='jabber:iq:privacy'>
                <default name='public'/>
                <list name='public'>
                  <item type='jid' value='tybalt@example.com' action='deny' order='1'/>
                  <item action='allow' order='2'/>
                </list>
                <list name='private'>
                  <item type='subscription' value='both' action='allow' order='10'/>
                  <item action='deny' order='15'/>
                </list>
              </query>
              <presence xmlns='jabber:client'
                        type='subscribe'
                        id='xk3h1v69'
                        from='romeo@montague.net'>
                <nick xmlns="http://jabber.org/protocol/nick">Romeo</nick>
              </presence>
              <presence xmlns='jabber:client' type='subscribe' from='mercutio@montague.net'/>
              <archive xmlns='urn:xmpp:pie:0#mam'>
                <result xmlns='urn:xmpp:mam:2' id='28482-98726-73623'>
                  <forwarded xmlns='urn:xmpp:forward:0'>
                    <delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>
                    <message xmlns='jabber:client'
                      to='juliet@capulet.lit/balcony'
                      from='romeo@montague.lit/orchard'
                      type='chat'>
                      <body>Call me but love, and I'll be new baptized; Henceforth I never will be Romeo.</body>
                    </message>
                  </forwarded>
                </result>
              </archive>
            </user>
            """);

        Assert.Equal([new(Juliet, null)], contents.Starts);
        var user = Assert.Single(contents.Users);
        var keys = Assert.Single(user.Keys);
        Assert.Equal(("SHA-1", 100000, 20, 20, 45), (keys.Hash, keys.Iterations, keys.StoredKey.Length, keys.ServerKey.Length, keys.Salt.Length));
        Assert.Null(user.Password);
        Assert.True(user.Enabled);

        Assert.Equal(2, user.Roster.Count);
        var romeo = Assert.Single(user.Roster, entry => entry.Contact == Romeo);
        Assert.Equal((true, SubscriptionState.Both, "Romeo", "Friends"), (romeo.IsListed, romeo.Subscription, romeo.Name, Assert.Single(romeo.Groups)));
        Assert.Equal("Romeo", romeo.Request!.Elements.Single().Text);
        Assert.Equal(("xk3h1v69", "juliet@capulet.com"), (romeo.Request["id"], romeo.Request["to"]));
        var mercutio = Assert.Single(user.Roster, entry => entry.Contact != Romeo);
        Assert.False(mercutio.IsListed);
        Assert.NotNull(mercutio.Request);

        var message = Assert.Single(contents.Messages);
        Assert.Equal(new DateTimeOffset(1469, 7, 21, 0, 32, 29, TimeSpan.Zero), message.At);
        Assert.Equal(
            "Neither, fair saint, if either thee dislike.",
            Element.Parse(message.Stanza).Child(Namespaces.Client, "body")!.Text);

        var archived = Assert.Single(contents.Archived);
        Assert.Equal(
            ("28482-98726-73623", new DateTimeOffset(2010, 7, 10, 23, 8, 25, TimeSpan.Zero), "romeo@montague.lit/orchard"),
            (archived.Id, archived.At, Element.Parse(archived.Stanza)["from"]));

        Assert.Equal([Jid.Parse("tybalt@example.com")], user.Blocked);
        Assert.Equal([("private", "exodus:prefs"), ("vcard", "")], user.Data.Select(data => (data.DataKind, data.Key)));
        Assert.Equal("Hamlet", XmlOf(user.Data[0]).Elements.Single().Elements.Single().Text);
        Assert.Equal("Juliet Capulet", XmlOf(user.Data[1]).Elements.Single().Text);
        Assert.Equal([KeyValuePair.Create("{jabber:iq:privacy}list", 1L)], contents.LeftOut);
    }

    [Fact]
    public void What_is_unknown_is_left_out_and_counted()
    {
        var contents = _files.Read("""
            <user name='juliet' other:attribute='x' xmlns:other='urn:other'>
              <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'><item id='1'><a xmlns='urn:a'><b/></a></item></items></pubsub>
              <pubsub xmlns='http://jabber.org/protocol/pubsub#owner'/>
              text <!-- a comment --> <?target instruction?> <![CDATA[ and <more/> ]]>
              <archive xmlns='urn:xmpp:pie:0#mam'><message xmlns='jabber:client'/><result xmlns='urn:xmpp:mam:2' id='1'/></archive>
              <query xmlns='jabber:iq:roster'><ver/><item jid='@'/><item jid='a@b' subscription='remove'/></query>
              <query xmlns='jabber:iq:private'><roster xmlns='jabber:iq:roster'/><nothing xmlns=''/></query>
              <presence xmlns='jabber:client' type='subscribed' from='a@b'/>
              <scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='SCRAM-SHA3-512'/>
              <scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='SCRAM-SHA-256'>
                <iter-count>4096</iter-count><salt>AAAA</salt><server-key>AAAA</server-key><stored-key>AAAA</stored-key>
              </scram-credentials>
              <offline-messages><iq xmlns='jabber:client'/></offline-messages>
            </user>
            <room xmlns='urn:other'/>
            <user name='a b'><vCard xmlns='vcard-temp'/></user>
            """);

        var user = Assert.Single(contents.Users);
        Assert.Empty(user.Roster);
        Assert.Empty(user.Data);
        Assert.Empty(user.Keys);
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["{jabber:client}message"] = 1,
                ["{urn:xmpp:mam:2}result"] = 1,
                ["{jabber:iq:roster}ver"] = 1,
                ["{jabber:iq:roster}item"] = 2,
                ["{jabber:iq:roster}roster"] = 1,
                ["nothing"] = 1,
                ["{jabber:client}presence"] = 1,
                ["SCRAM-SHA3-512 credentials"] = 1,
                ["SCRAM-SHA-256 credentials"] = 1,
                ["{jabber:client}iq"] = 1,
                ["{urn:other}room"] = 1,
                ["user 'a b' of capulet.com, whose name is no localpart"] = 1,
            }.OrderBy(pair => pair.Key, StringComparer.Ordinal),
            contents.LeftOut.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("password='secret'", "secret", null)]
    [InlineData("password='scram:Q6qT/SbybblGCZz8e8eSfCJOQic=,0pXWGK0GZJ6TR73AIUN3ITYtA1g=,AAAA,4096'", null, "SHA-1")]
    [InlineData(
        "password='scram:sha256,q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=,q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=,AAAA,4096'",
        null, "SHA-256")]
    [InlineData("password='scram: is a fine password'", "scram: is a fine password", null)]
    [InlineData("", null, null)]
    public void Passwords_come_in_the_clear_or_as_ejabberd_wrote_keys(string attribute, string? password, string? hash)
    {
        var user = Assert.Single(_files.Read($"<user name='juliet' {attribute}/>").Users);

        Assert.Equal(password, user.Password);
        Assert.Equal(hash, user.Keys.SingleOrDefault()?.Hash);
    }

    [Fact]
    public void Addresses_are_prepared_as_everywhere()
    {
        var contents = _files.Read("""
            <user name='JULIET'>
              <query xmlns='jabber:iq:roster'><item jid='ROMEO@Montague.NET'/><item jid='romeo@montague.net' name='again'/></query>
              <presence xmlns='jabber:client' type='subscribe' from='Romeo@montague.net/orchard'/>
            </user>
            """);

        var user = Assert.Single(contents.Users);
        Assert.Equal(Juliet, user.Account);
        Assert.Equal((Romeo, null, "romeo@montague.net"), (user.Roster.Single().Contact, user.Roster.Single().Name, user.Roster.Single().Request!["from"]));
        Assert.Equal(1, contents.LeftOut["{jabber:iq:roster}item"]);
    }

    [Fact]
    public void Private_data_in_several_pieces_are_kept_by_namespace()
    {
        var user = Assert.Single(_files.Read("""
            <user name='juliet'>
              <query xmlns='jabber:iq:private'><a xmlns='one'/><b xmlns='two'/><c xmlns='one'/></query>
              <query xmlns='jabber:iq:private'><d xmlns='one'/></query>
            </user>
            """).Users);

        Assert.Equal(["one", "two"], user.Data.Select(data => data.Key).Order());
        Assert.Equal(["a", "c", "d"], XmlOf(user.Data.Single(data => data.Key == "one")).Elements.Select(element => element.Name.Local));
    }

    [Theory]
    [InlineData("<item type='jid' value='a@b' action='deny' order='1'><message/><presence-in/></item>", 0, 1)]
    [InlineData("<item type='jid' value='a@b' action='deny' order='1'><message/><iq/><presence-in/><presence-out/></item>", 1, 0)]
    [InlineData("<item action='allow' order='1'/><item type='jid' value='a@b' action='deny' order='2'/>", 0, 0)]
    [InlineData("<item action='allow' order='2'/><item type='jid' value='a@b' action='deny' order='1'/>", 1, 0)]
    [InlineData("<item type='group' value='a@b' action='deny' order='1'/><item action='deny' order='3'/>", 0, 2)]
    [InlineData("<item type='jid' value='@' action='deny' order='1'/>", 0, 1)]
    public void Of_privacy_lists_what_a_block_list_can_say_is_taken(string items, int blocked, int leftOut)
    {
        var contents = _files.Read(
            $"<user name='juliet'><query xmlns='jabber:iq:privacy'><default name='x'/><list name='x'>{items}</list></query></user>");

        Assert.Equal(blocked, Assert.Single(contents.Users).Blocked.Count);
        Assert.Equal(leftOut, contents.LeftOut.Values.Sum());
    }

    [Fact]
    public void Messages_without_a_namespace_of_their_own_are_clients()
    {
        var contents = _files.Read(
            "<user name='juliet'><offline-messages><message from='a@b'><body>Hark!</body><x xmlns='y'/></message></offline-messages></user>");

        var message = Assert.Single(contents.Messages);
        Assert.Null(message.At);
        Assert.Equal(
            Element.Parse("<message xmlns='jabber:client' from='a@b'><body>Hark!</body><x xmlns='y'/></message>"), Element.Parse(message.Stanza));
    }

    [Fact]
    public void Files_may_be_split_as_the_specification_shows()
    {
        const string Include = "xmlns:xi='http://www.w3.org/2001/XInclude'";
        _files.Write("capulet.com/juliet%20.xml",
            "<user xmlns='urn:xmpp:pie:0' name='juliet'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='juliet.vcard'/></user>");
        _files.Write("capulet.com/juliet.vcard", "<vCard xmlns='vcard-temp'><FN>Juliet</FN><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='x'/></vCard>");
        _files.Write("capulet.com.xml",
            $"<host xmlns='urn:xmpp:pie:0' {Include} jid='capulet.com'><xi:include href='capulet.com/juliet%2520.xml'/><user name='nurse'/></host>");
        var main = _files.Write("main.xml",
            $"<server-data xmlns='urn:xmpp:pie:0' {Include}><xi:include href='capulet.com.xml'/><host jid='montague.net'/></server-data>");

        foreach (var path in (string[])[main, _files.PathOf("capulet.com.xml")])
        {
            var contents = PortableFiles.ReadFile(path);
            Assert.Equal([Juliet, Jid.Parse("nurse@capulet.com")], contents.Users.Select(user => user.Account));
            // What is within a vCard is the user's, whatever it looks like.
            Assert.Equal(["FN", "include"], XmlOf(contents.Users[0].Data.Single()).Elements.Select(element => element.Name.Local));
            Assert.Empty(contents.LeftOut);
        }
    }

    [Theory]
    [InlineData("href='../secret.xml'")]
    [InlineData("href='%2e%2e/secret.xml'")]
    [InlineData("href='/etc/passwd'")]
    [InlineData("href='file:///etc/passwd'")]
    [InlineData("href='http://example.org/'")]
    [InlineData("href=''")]
    [InlineData("")]
    [InlineData("href='x.xml' parse='text'")]
    [InlineData("href='x.xml' xpointer='y'")]
    public void Nothing_is_included_from_elsewhere(string attributes) => Assert.Throws<PortableException>(() =>
        _files.Read($"<user name='juliet'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' {attributes}/></user>"));

    [Fact]
    public void A_file_that_includes_itself_ends()
    {
        var main = _files.Write("main.xml", """
            <server-data xmlns='urn:xmpp:pie:0'><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='main.xml'/></server-data>
            """);
        Assert.Throws<PortableException>(() => PortableFiles.ReadFile(main));
    }

    [Theory]
    [InlineData("")]
    [InlineData("juliet@capulet.com secret")]
    [InlineData("<server-data/>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'></host></server-data>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'><host jid='a@b'/></server-data>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'><host/></server-data>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'><host jid='b'><user name='a'><vCard xmlns='vcard-temp'>&amp;&unknown;</vCard></user></host></server-data>")]
    [InlineData("<!DOCTYPE server-data [<!ENTITY a 'a'>]><server-data xmlns='urn:xmpp:pie:0'/>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'/><more/>")]
    [InlineData("<server-data xmlns='urn:xmpp:pie:0'><host jid='b'><user name='a'>\u0001</user></host></server-data>")]
    public void What_is_no_such_document_is_refused(string text)
    {
        var refusal = Assert.Throws<PortableException>(() => PortableFiles.ReadFile(_files.Write("main.xml", text)));
        Assert.Contains("main.xml", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<user name='juliet'><vCard xmlns='vcard-temp'>{0}</vCard></user>")]
    [InlineData("<user name='juliet'><unknown>{0}</unknown></user>")]
    [InlineData("<user name='juliet'><offline-messages><message>{0}</message></offline-messages></user>")]
    [InlineData("<user name='{0}'/>")]
    public void Nothing_large_is_taken_into_memory(string content)
    {
        var large = new string('x', 40 * 1024 * 1024);
        Assert.Contains(
            "more than", Assert.Throws<PortableException>(() => _files.Read(content.Replace("{0}", large, StringComparison.Ordinal))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vCard")]
    [InlineData("unknown")]
    public void Nothing_deep_is_taken(string name)
    {
        var content = new StringBuilder($"<user name='juliet'><{name} xmlns='vcard-temp'>");
        for (var i = 0; i < 10_000; i++)
            content.Append("<a>");
        Assert.Contains("deep", Assert.Throws<PortableException>(() => _files.Read(content.ToString())).Message, StringComparison.Ordinal);
    }

    private static Element XmlOf(DataRecord data) => Element.Parse(data.Value);

    /// <summary>§4.9's example, in short.</summary>
    [Fact]
    public void Nodes_and_what_is_in_them_are_apart()
    {
        using var files = new PortableFiles();
        var contents = files.Read("""
            <user name='romeo'>
              <pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>
                <configure node='princely_musings'>
                  <x xmlns='jabber:x:data' type='submit'>
                    <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field>
                    <field var='pubsub#access_model'><value>whitelist</value></field>
                    <field var='unknown'><value>1</value></field>
                  </x>
                </configure>
                <affiliations node='princely_musings'>
                  <affiliation jid='romeo@capulet.com' affiliation='owner'/><affiliation jid='hamlet@denmark.lit' affiliation='member'/>
                </affiliations>
                <subscriptions node='princely_musings'><subscription jid='hamlet@denmark.lit/pda' subscription='subscribed'/></subscriptions>
              </pubsub>
              <pubsub xmlns='http://jabber.org/protocol/pubsub'>
                <items node='princely_musings'>
                  <item id='ae890ac52d0df67ed7cfdf51b644e901'><entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title></entry></item>
                  <item/>
                </items>
                <nonsense/>
              </pubsub>
            </user>
            """);

        var node = Assert.Single(contents.Nodes);
        Assert.Equal(("princely_musings", "whitelist"), (node.Name, node.Settings["pubsub#access_model"]));
        Assert.Equal(["hamlet@denmark.lit", "hamlet@denmark.lit/pda"], node.Members.Select(member => member.Jid.ToString()));
        Assert.Equal(["ae890ac52d0df67ed7cfdf51b644e901", null], contents.Items.Select(item => item.Id));
        Assert.Contains("Soliloquy", System.Text.Encoding.UTF8.GetString(contents.Items[0].Payload.Span), StringComparison.Ordinal);
        Assert.Equal(["{http://jabber.org/protocol/pubsub}nonsense"], contents.LeftOut.Keys);
        Assert.Single(contents.Users);
    }
}
