using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Archive.ArchiveTesting;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>XEP-0313: how archives are asked, and what they answer.</summary>
public sealed class MessageArchiveTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    /// <summary>Romeo has said "1" to "5" to Juliet, a second apart.</summary>
    private static async Task<(TestServer Server, TestClient Romeo, TestClient Juliet)> StartAsync(int messages = 5)
    {
        var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await server.TalkAsync(romeo, "juliet@localhost", Enumerable.Range(1, messages).Select(number => $"{number}"));
        return (server, romeo, juliet);
    }

    [Fact]
    public async Task An_account_says_what_its_archive_can_do_and_a_server_has_none()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var features = Discovery.Parse(await juliet.InfoAsync("juliet@localhost")).Features;
        Assert.Superset(
            new HashSet<string> { Mam, $"{Mam}#extended", $"{Mam}#groupchat-field", "urn:xmpp:fulltext:0", StanzaId.Ns },
            features.ToHashSet());
        Assert.DoesNotContain($"{Mam}#groupchat-available", features);
        Assert.DoesNotContain(Mam, Discovery.Parse(await juliet.InfoAsync("localhost")).Features);
    }

    [Fact]
    public async Task All_messages_come_in_order_with_their_ids_times_and_addresses_before_the_answer()
    {
        var (server, romeo, juliet) = await StartAsync(messages: 2);
        await using var _ = server;

        var answer = await juliet.QueryAsync(attributes: "queryid='f2&apos;7'");

        Assert.Equal(["1", "2"], answer.Bodies);
        Assert.All(answer.Results, result => Assert.Equal("f2'7", result["queryid"]));
        Assert.Equal(
            ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"],
            answer.Results.Select(result => result.Child(Forwarded.Name)!.Child(Delay.Name)!["stamp"]));
        Assert.Equal(
            Element.Parse($"<message from='{romeo.Jid}' to='juliet@localhost' type='chat'><body>1</body></message>"), answer.Messages[0]);
        Assert.True(answer.IsComplete);
        Assert.Equal((answer.Ids[0], answer.Ids[1]), (answer.First, answer.Last));
        Assert.Null(answer.Fin["stable"]);
        Assert.Null((await juliet.QueryAsync()).Results[0]["queryid"]);
    }

    [Fact]
    public async Task Both_sides_have_what_they_sent_and_received_under_ids_of_their_own()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var juliet = await server.LoginAsync("juliet", "balcony");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");
        var received = await juliet.ReadAsync();
        await juliet.SendAsync($"<message xmlns='jabber:client' to='{romeo.Jid}' type='chat' id='2'><body>Ay me!</body></message>");
        await romeo.ReadAsync();

        var (his, hers) = (await romeo.QueryAsync(), await juliet.QueryAsync());
        Assert.Equal(["Hark!", "Ay me!"], his.Bodies);
        Assert.Equal(["Hark!", "Ay me!"], hers.Bodies);
        Assert.Equal(his.Messages.Select(message => message["from"]), [romeo.Jid.ToString(), juliet.Jid.ToString()]);
        Assert.Equal(StanzaId.Find(received, Juliet), hers.Ids[0]);
        Assert.Empty(his.Ids.Intersect(hers.Ids));
    }

    [Fact]
    public async Task Copies_of_what_is_sent_have_the_id_in_the_senders_archive_and_recipients_do_not_see_it()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var garden = await server.LoginAsync("romeo", "garden");
        await garden.SetAsync("<enable xmlns='urn:xmpp:carbons:2'/>");
        var juliet = await server.LoginAsync("juliet", "balcony");

        await romeo.SendAsync($"<message to='{juliet.Jid}' type='chat'><body>Hark!</body>"
            + "<stanza-id xmlns='urn:xmpp:sid:0' by='romeo@localhost' id='forged'/></message>");

        var copy = await garden.ReadAsync();
        var original = Forwarded.Parse(copy.Child("urn:xmpp:carbons:2", "sent")!.Child(Forwarded.Name))!.Stanza;
        var received = await juliet.ReadAsync();
        Assert.Equal((await romeo.QueryAsync()).Ids[0], StanzaId.Find(original, romeo.Jid.Bare));
        Assert.Equal((await juliet.QueryAsync()).Ids[0], StanzaId.Find(received, Juliet));
        Assert.NotEqual((await romeo.QueryAsync()).Ids[0], StanzaId.Find(received, romeo.Jid.Bare));
    }

    [Fact]
    public async Task Messages_to_oneself_are_kept_once_and_found_by_ones_own_address()
    {
        var (server, romeo, juliet) = await StartAsync(messages: 1);
        await using var _ = server;

        await juliet.SendAsync("<message to='juliet@localhost' type='chat'><body>O me!</body></message>");
        await juliet.SendAsync("<message type='chat'><body>Alas!</body></message>");
        var all = await juliet.QueryAsync();
        var own = await juliet.QueryAsync(Form(Field("with", "juliet@localhost")));

        Assert.Equal(["1", "O me!", "Alas!"], all.Bodies);
        Assert.Equal(["O me!", "Alas!"], own.Bodies);
    }

    [Fact]
    public async Task One_peer_is_found_by_its_bare_address_with_all_its_resources_or_by_a_full_one()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var orchard = await server.ConnectAsync("romeo", "orchard");
        var garden = await server.ConnectAsync("romeo", "garden");
        var nurse = await server.ConnectAsync("nurse");
        await server.TalkAsync(orchard, "juliet@localhost", "1");
        await server.TalkAsync(garden, "juliet@localhost", "2");
        await server.TalkAsync(nurse, "juliet@localhost", "3");
        await juliet.SendAsync($"<message to='{orchard.Jid}' type='chat'><body>4</body></message>");

        Assert.Equal(["1", "2", "4"], (await juliet.QueryAsync(Form(Field("with", "romeo@localhost")))).Bodies);
        Assert.Equal(["1", "4"], (await juliet.QueryAsync(Form(Field("with", "Romeo@localhost/orchard")))).Bodies);
        Assert.Empty((await juliet.QueryAsync(Form(Field("with", "paris@localhost")))).Results);
        Assert.True((await juliet.QueryAsync(Form(Field("with", "paris@localhost")))).IsComplete);
    }

    [Theory]
    [InlineData("2026-01-01T00:00:02Z", null, "3 4 5")]
    [InlineData(null, "2026-01-01T00:00:02Z", "1 2 3")]
    [InlineData("2026-01-01T00:00:01Z", "2026-01-01T02:00:02+02:00", "2 3")]
    [InlineData("2026-01-01T00:00:01.001Z", "2026-01-01T00:00:03.999Z", "3 4")]
    [InlineData("2027-01-01T00:00:00Z", null, "")]
    [InlineData("2026-01-01T00:00:03Z", "2026-01-01T00:00:01Z", "")]
    public async Task A_span_of_time_includes_its_ends(string? start, string? end, string expected)
    {
        var (server, _, juliet) = await StartAsync();
        await using var __ = server;

        var answer = await juliet.QueryAsync(Form(
            start is null ? "" : Field("start", start), end is null ? "" : Field("end", end), Field("with", "")));

        Assert.Equal(expected, string.Join(' ', answer.Bodies));
    }

    [Fact]
    public async Task Ids_bound_a_query_or_name_its_messages()
    {
        var (server, _, juliet) = await StartAsync();
        await using var __ = server;
        var ids = (await juliet.QueryAsync()).Ids;

        Assert.Equal(["3", "4", "5"], (await juliet.QueryAsync(Form(Field("after-id", ids[1])))).Bodies);
        Assert.Equal(["1", "2"], (await juliet.QueryAsync(Form(Field("before-id", ids[2])))).Bodies);
        Assert.Equal(["2", "3"], (await juliet.QueryAsync(Form(Field("after-id", ids[0]), Field("before-id", ids[3])))).Bodies);
        Assert.Equal(["2", "5"], (await juliet.QueryAsync(Form(Field("ids", ids[4], ids[1])))).Bodies);
        Assert.Equal(["3"], (await juliet.QueryAsync(
            Form(Field("after-id", ids[0]), Field("before-id", ids[4])) + Rsm($"<after>{ids[1]}</after><max>1</max>"))).Bodies);
        Assert.Equal(["2", "3"], (await juliet.QueryAsync(
            Form(Field("after-id", ids[0]), Field("before-id", ids[4])) + Rsm($"<before>{ids[3]}</before>"))).Bodies);
    }

    [Theory]
    [InlineData("after-id")]
    [InlineData("before-id")]
    [InlineData("ids")]
    [InlineData("after")]
    [InlineData("before")]
    public async Task An_id_that_is_not_there_is_an_error(string where)
    {
        var (server, romeo, juliet) = await StartAsync(messages: 1);
        await using var _ = server;

        var known = (await juliet.QueryAsync()).Ids[0];
        // Somebody else's, one that nobody has, and what is none.
        foreach (var id in new[] { (await romeo.QueryAsync()).Ids[0], SortableId.New(DateTimeOffset.UnixEpoch).ToString(), "09af3-cc343-b409f" })
        {
            var content = where is "after" or "before"
                ? Rsm($"<{where}>{id}</{where}>") + Form(Field($"{where}-id", known))
                : Form(Field(where, id));
            Assert.Equal(StanzaErrorCondition.ItemNotFound, StanzaError.Parse((await juliet.QueryAsync(content)).Iq)?.Condition);
        }
    }

    [Fact]
    public async Task Pages_forwards_and_backwards_meet_without_gaps()
    {
        var (server, _, juliet) = await StartAsync();
        await using var __ = server;

        var first = await juliet.QueryAsync(Rsm("<max>2</max>"));
        var second = await juliet.QueryAsync(Rsm($"<max>2</max><after>{first.Last}</after>"));
        var third = await juliet.QueryAsync(Rsm($"<max>2</max><after>{second.Last}</after>"));
        Assert.Equal(["1", "2"], first.Bodies);
        Assert.Equal(["3", "4"], second.Bodies);
        Assert.Equal(["5"], third.Bodies);
        Assert.Equal((false, false, true), (first.IsComplete, second.IsComplete, third.IsComplete));
        var behind = await juliet.QueryAsync(Rsm($"<after>{third.Last}</after>"));
        Assert.Equal((0, true, null), (behind.Results.Count, behind.IsComplete, behind.First));

        var last = await juliet.QueryAsync(Rsm("<max>2</max><before/>"));
        var middle = await juliet.QueryAsync(Rsm($"<max>2</max><before>{last.First}</before>"));
        var start = await juliet.QueryAsync(Rsm($"<max>2</max><before>{middle.First}</before>"));
        Assert.Equal(["4", "5"], last.Bodies);
        Assert.Equal(["2", "3"], middle.Bodies);
        Assert.Equal(["1"], start.Bodies);
        Assert.Equal((false, false, true), (last.IsComplete, middle.IsComplete, start.IsComplete));
    }

    [Fact]
    public async Task A_flipped_page_is_the_same_page_the_other_way_round()
    {
        var (server, _, juliet) = await StartAsync();
        await using var __ = server;
        const string flip = "<flip-page/>";

        var page = await juliet.QueryAsync(Rsm("<max>2</max><before/>"));
        var flipped = await juliet.QueryAsync(Rsm("<max>2</max><before/>") + flip);
        var forwards = await juliet.QueryAsync(Rsm("<max>3</max>") + flip);

        Assert.Equal(["5", "4"], flipped.Bodies);
        Assert.Equal((page.First, page.Last), (flipped.First, flipped.Last));
        Assert.Equal(["3", "2", "1"], forwards.Bodies);
    }

    [Fact]
    public async Task A_page_has_no_more_than_the_server_allows_by_number_and_by_size()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { Archive = new() { PageMessages = 2, MaxPageMessages = 3, PageBytes = 16_384 } },
        });
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await server.TalkAsync(romeo, "juliet@localhost", "1", "2", "3", "4", new string('5', 10_000), new string('6', 20_000));

        Assert.Equal(2, (await juliet.QueryAsync()).Results.Count);
        Assert.Equal(3, (await juliet.QueryAsync(Rsm("<max>1000</max>"))).Results.Count);
        var last = await juliet.QueryAsync(Rsm("<max>3</max><before/>"));
        Assert.Equal(('6', 1, false), (last.Bodies[0][0], last.Results.Count, last.IsComplete));
        var before = await juliet.QueryAsync(Rsm($"<max>3</max><before>{last.First}</before>"));
        Assert.Equal(3, before.Results.Count);
        var forwards = await juliet.QueryAsync(Rsm($"<max>3</max><after>{before.First}</after>"));
        Assert.Equal((2, false), (forwards.Results.Count, forwards.IsComplete));
        Assert.True((await juliet.QueryAsync(Rsm($"<after>{forwards.Last}</after>"))).IsComplete);
    }

    [Fact]
    public async Task A_page_fits_into_what_may_be_queued_for_a_client()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Limits = options.Limits with { OutputBytes = 65_536, StanzaBytes = 32_768, UnauthenticatedStanzaBytes = 10_000 },
        });
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        for (var i = 0; i < 6; i++)
            await server.TalkAsync(romeo, "juliet@localhost", $"{i}{new string('.', 10_000)}");

        var page = await juliet.QueryAsync();
        Assert.Equal((3, false), (page.Results.Count, page.IsComplete));
    }

    [Fact]
    public async Task A_client_that_wants_no_messages_is_told_their_number()
    {
        var (server, _, juliet) = await StartAsync();
        await using var __ = server;

        var answer = await juliet.QueryAsync(Rsm("<max>0</max>") + Form(Field("start", "2026-01-01T00:00:03Z")));

        Assert.Empty(answer.Results);
        Assert.Equal("2", answer.Set.Child(ResultSet.Ns, "count")?.Text);
        Assert.False(answer.IsComplete);
        var unknown = await juliet.QueryAsync(Rsm("<max>0</max>") + Form(Field("after-id", "unknown")));
        Assert.Equal(StanzaErrorCondition.ItemNotFound, StanzaError.Parse(unknown.Iq)?.Condition);
    }

    [Fact]
    public async Task The_form_has_all_fields_none_of_them_required_and_any_ids()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='get' id='form'><query xmlns='{Mam}'/></iq>");
        var x = (await juliet.ReadAsync()).Child(Mam, "query")!.Child(DataForm.Name)!;

        var form = DataForm.Parse(x)!;
        Assert.Equal((DataFormType.Form, Mam), (form.Type, form.FormType));
        Assert.Equal(
            [
                ("FORM_TYPE", FormFieldType.Hidden), ("with", FormFieldType.JidSingle), ("start", FormFieldType.TextSingle),
                ("end", FormFieldType.TextSingle), ("before-id", FormFieldType.TextSingle), ("after-id", FormFieldType.TextSingle),
                ("include-groupchat", FormFieldType.Boolean), ("{urn:xmpp:fulltext:0}fulltext", FormFieldType.TextSingle),
                ("ids", FormFieldType.ListMulti),
            ],
            form.Fields.Select(field => (field.Var, field.Type)));
        Assert.All(form.Fields, field => Assert.False(field.IsRequired || field.Options.Count > 0));
        var ids = x.Elements.Single(field => field["var"] == "ids");
        Assert.Equal("xs:string", ids.Child("http://jabber.org/protocol/xdata-validate", "validate")!["datatype"]);
        Assert.NotNull(ids.Elements.Single().Child("http://jabber.org/protocol/xdata-validate", "open"));
    }

    [Theory]
    [InlineData("{http://example.com/}stanza-content", "lonely", StanzaErrorCondition.FeatureNotImplemented)]
    [InlineData("with", "@", StanzaErrorCondition.BadRequest)]
    [InlineData("start", "yesterday", StanzaErrorCondition.BadRequest)]
    [InlineData("end", "2026-01-01", StanzaErrorCondition.BadRequest)]
    [InlineData("include-groupchat", "perhaps", StanzaErrorCondition.BadRequest)]
    public async Task A_field_that_is_unknown_or_wrong_is_refused(string var, string value, StanzaErrorCondition expected)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Equal(expected, StanzaError.Parse((await juliet.QueryAsync(Form(Field(var, value)))).Iq)?.Condition);
    }

    [Theory]
    [InlineData("<x xmlns='jabber:x:data' type='submit'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:1</value></field></x>",
        StanzaErrorCondition.BadRequest)]
    [InlineData("<x xmlns='jabber:x:data' type='form'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field></x>",
        StanzaErrorCondition.BadRequest)]
    [InlineData("<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set>", StanzaErrorCondition.BadRequest)]
    [InlineData("<set xmlns='http://jabber.org/protocol/rsm'><index>3</index></set>", StanzaErrorCondition.FeatureNotImplemented)]
    public async Task What_is_no_such_form_and_no_such_page_is_refused(string content, StanzaErrorCondition expected)
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Equal(expected, StanzaError.Parse((await juliet.QueryAsync(content)).Iq)?.Condition);
    }

    [Theory]
    [InlineData("include-groupchat", "true")]
    [InlineData("include-groupchat", "0")]
    [InlineData("{urn:xmpp:fulltext:0}fulltext", "")]
    [InlineData("start", "")]
    public async Task What_changes_nothing_is_accepted(string var, string value)
    {
        var (server, _, juliet) = await StartAsync(messages: 2);
        await using var __ = server;

        Assert.Equal(["1", "2"], (await juliet.QueryAsync(Form(Field(var, value)))).Bodies);
    }

    [Fact]
    public async Task Words_are_found_whatever_their_case_and_in_scripts_without_spaces()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await server.TalkAsync(romeo, "juliet@localhost", "But soft, what LIGHT", "through yonder window", "愛は煙、ため息の立てる煙だ", "a light snow");
        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>I sent you light, encrypted</body>"
            + "<encrypted xmlns='eu.siacs.conversations.axolotl'/></message>");
        await romeo.ExpectNothingFromAsync(romeo);

        Task<QueryAnswer> FindAsync(string text) => juliet.QueryAsync(Form(Field("{urn:xmpp:fulltext:0}fulltext", text)));
        Assert.Equal(["But soft, what LIGHT", "a light snow"], (await FindAsync("light")).Bodies);
        Assert.Equal(["But soft, what LIGHT"], (await FindAsync("SOFT light")).Bodies);
        Assert.Single((await FindAsync("ため息")).Results);
        Assert.Empty((await FindAsync("lightning")).Results);
    }

    [Fact]
    public async Task An_archive_tells_its_ends_unless_it_is_empty()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        const string ask = $"<iq type='get' id='1'><metadata xmlns='{Mam}'/></iq>";

        await juliet.SendAsync(ask);
        await juliet.ExpectAsync($"<iq type='result' id='1' to='{juliet.Jid}'><metadata xmlns='{Mam}'/></iq>");
        await server.TalkAsync(romeo, "juliet@localhost", "1", "2", "3");
        var ids = (await juliet.QueryAsync()).Ids;
        await juliet.SendAsync(ask);
        await juliet.ExpectAsync($"<iq type='result' id='1' to='{juliet.Jid}'><metadata xmlns='{Mam}'>"
            + $"<start id='{ids[0]}' timestamp='2026-01-01T00:00:00Z'/><end id='{ids[2]}' timestamp='2026-01-01T00:00:02Z'/>"
            + "</metadata></iq>");
    }

    [Theory]
    [InlineData("romeo@localhost")]
    [InlineData("nobody@localhost")]
    public async Task Nobody_reads_somebody_elses_archive(string account)
    {
        var (server, _, juliet) = await StartAsync(messages: 1);
        await using var __ = server;

        foreach (var request in new[]
        {
            $"type='set'><query xmlns='{Mam}'/>", $"type='get'><query xmlns='{Mam}'/>", $"type='get'><metadata xmlns='{Mam}'/>",
        })
        {
            await juliet.SendAsync($"<iq id='1' to='{account}' {request}</iq>");
            await juliet.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        }
    }

    [Fact]
    public async Task Messages_of_one_moment_keep_their_order()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");
        var ids = new List<string>();

        for (var i = 0; i < 100; i++)
        {
            await romeo.SendAsync($"<message to='juliet@localhost' type='chat'><body>{i}</body></message>");
            ids.Add(StanzaId.Find(await juliet.ReadAsync(), Juliet)!);
        }

        var archived = await juliet.QueryAsync(Rsm("<max>100</max>"));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), archived.Bodies);
        Assert.Equal(ids, archived.Ids);
    }

    [Fact]
    public async Task What_cannot_be_kept_is_returned_to_its_sender()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.LoginAsync("juliet");

        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;
        await romeo.SendAsync("<message to='juliet@localhost' type='chat' id='1'><body>Hark!</body></message>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        server.Store.Failure = null;
        await juliet.ExpectNothingFromAsync(romeo);
        Assert.Empty((await juliet.QueryAsync()).Results);
    }

    [Fact]
    public async Task An_archive_goes_with_its_account()
    {
        var (server, romeo, juliet) = await StartAsync(messages: 1);
        await using var _ = server;

        await juliet.SendAsync("<iq type='set' id='1' to='localhost'><query xmlns='jabber:iq:register'><remove/></query></iq>");
        await juliet.ReadAsync();
        await juliet.Served;
        var again = await server.ConnectAsync("juliet");

        Assert.Empty((await again.QueryAsync()).Results);
        Assert.Single((await romeo.QueryAsync()).Results);
    }

    [Fact]
    public async Task What_the_recipient_refuses_is_in_the_senders_archive_only()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");
        var juliet = await server.ConnectAsync("juliet");
        await juliet.SetAsync("<block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block>");

        await romeo.SendAsync("<message to='juliet@localhost' type='chat'><body>Hark!</body></message>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);

        Assert.Empty((await juliet.QueryAsync()).Results);
        Assert.Single((await romeo.QueryAsync()).Results);
    }
}
