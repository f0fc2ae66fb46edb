using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0050: steps, sessions, errors.</summary>
public sealed class AdHocCommandsTests
{
    private const string Ns = AdHocCommand.Namespace;
    private const string Httpd = "<x xmlns='jabber:x:data' type='submit'><field var='service'><value>httpd</value></field></x>";
    private const IqTarget Everywhere = IqTarget.Server | IqTarget.OwnAccount;

    [Fact]
    public async Task A_command_without_a_form_is_completed_at_once()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var answer = await juliet.CommandAsync("localhost", "greet");

        var id = answer.Command("completed")["sessionid"];
        Assert.Equal(
            Element.Parse($"<iq type='result' id='cmd' from='localhost' to='{juliet.Jid}'><command xmlns='{Ns}' node='greet' "
                + $"sessionid='{id}' status='completed' xml:lang='en'><note type='info'>Good morrow, juliet.</note></command></iq>"),
            answer);
    }

    [Fact]
    public async Task A_command_asks_form_by_form_and_goes_back_when_asked_to()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        var first = (await juliet.CommandAsync("localhost", "config")).Command("executing");
        Assert.Equal(["next", "next"], first.Actions());
        Assert.Equal("service", first.Form().Fields.Single().Var);
        var id = first["sessionid"];

        var second = await juliet.CommandAsync("localhost", "config", id, "next", Submit(Given("service", "httpd")));
        Assert.Equal(["complete", "prev", "complete"], second.Command("executing").Actions());
        Assert.Equal("Settings of httpd", second.Command("executing").Form().Title);

        var again = (await juliet.CommandAsync("localhost", "config", id, "prev")).Command("executing");
        Assert.Equal(["next", "next"], again.Actions());
        Assert.Equal(first, again);

        second = await juliet.CommandAsync("localhost", "config", id, null, Submit(Given("service", "jabberd")));
        Assert.Equal("Settings of jabberd", second.Command("executing").Form().Title);

        var last = (await juliet.CommandAsync("localhost", "config", id, "complete", Submit(Given("state", "1")))).Command("completed");
        Assert.Equal("jabberd is on", last.Note());
        Assert.Equal(id, last["sessionid"]);
    }

    [Fact]
    public async Task Cancelling_ends_the_session()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var id = await BeginAsync(juliet);

        var canceled = (await juliet.CommandAsync("localhost", "config", id, "cancel")).Command("canceled");

        Assert.Empty(canceled.Elements);
        (await juliet.CommandAsync("localhost", "config", id, "cancel"))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed, "session-expired");
    }

    [Fact]
    public async Task A_form_of_type_cancel_counts_as_submitted()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var id = await BeginAsync(juliet);

        var answer = await juliet.CommandAsync(
            "localhost", "config", id, null, new DataForm(DataFormType.Cancel, Given("service", "httpd")));

        answer.Command("executing");
    }

    /// <summary>§4.4, row by row; what is wrong can be mended in the same session.</summary>
    [Theory]
    [InlineData("dance", Httpd, "malformed-action")]
    [InlineData("complete", Httpd, "bad-action")]
    [InlineData("prev", "", "bad-action")]
    [InlineData("next", "", "bad-payload")]
    [InlineData("next", "<x xmlns='jabber:x:data' type='result'/>", "bad-payload")]
    [InlineData("next", "<x xmlns='jabber:x:data' type='submit'/>", "bad-payload")]
    [InlineData("next", "<x xmlns='jabber:x:data' type='submit'><field var='service'><value>none</value></field></x>", "bad-payload")]
    [InlineData("next' xml:lang='fr-ca", "", "bad-locale")]
    public async Task What_cannot_be_accepted_is_answered_with_what_is_wrong(string action, string payload, string condition)
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var id = await BeginAsync(juliet);

        await juliet.SendAsync($"<iq type='set' id='1' to='localhost'>"
            + $"<command xmlns='{Ns}' node='config' sessionid='{id}' action='{action}'>{payload}</command></iq>");

        (await juliet.ReadAsync()).ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, condition);
        (await juliet.CommandAsync("localhost", "config", id, "next", Submit(Given("service", "httpd")))).Command("executing");
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("prev")]
    [InlineData("next")]
    [InlineData("complete")]
    public async Task Without_a_session_there_is_only_one_action(string action)
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        (await juliet.CommandAsync("localhost", "config", null, action))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-action");
        (await juliet.CommandAsync("localhost", "config", null, "execute")).Command("executing");
    }

    [Theory]
    [InlineData("en", true)]
    [InlineData("en-GB", true)]
    [InlineData("EN-us", true)]
    [InlineData("*", true)]
    [InlineData("enm", false)]
    [InlineData("fr", false)]
    [InlineData("", false)]
    public async Task A_language_asked_for_is_English_or_none(string language, bool isSpoken)
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync(
            $"<iq type='set' id='1' to='localhost'><command xmlns='{Ns}' node='greet' xml:lang='{language}'/></iq>");

        var answer = await juliet.ReadAsync();
        if (isSpoken)
            answer.Command("completed");
        else
            answer.ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-locale");
    }

    [Fact]
    public async Task The_language_of_the_stanza_is_often_the_stream_s_and_no_reason_to_refuse()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        await juliet.SendAsync($"<iq type='set' id='1' to='localhost' xml:lang='de'><command xmlns='{Ns}' node='greet'/></iq>");

        (await juliet.ReadAsync()).Command("completed");
    }

    [Fact]
    public async Task A_session_is_one_of_requester_entity_and_command()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var chamber = await server.ConnectAsync("juliet", "chamber");
        var romeo = await server.ConnectAsync("romeo");
        var id = await BeginAsync(juliet);
        var form = Submit(Given("service", "httpd"));

        Element[] refused =
        [
            await romeo.CommandAsync("localhost", "config", id, "next", form),
            await chamber.CommandAsync("localhost", "config", id, "next", form),
            await juliet.CommandAsync("juliet@localhost", "config", id, "next", form),
            await juliet.CommandAsync("localhost", "greet", id, "next", form),
            await juliet.CommandAsync("localhost", "config", "made-up", "next", form),
            await juliet.CommandAsync("localhost", "config", "", "next", form),
            await juliet.CommandAsync("localhost", "config", new string('A', 43), "next", form),
            await juliet.CommandAsync("localhost", "config", new string('A', 10_000), "next", form),
        ];

        Assert.All(refused, answer => answer.ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-sessionid"));
        (await juliet.CommandAsync("localhost", "config", id, "next", form)).Command("executing");
    }

    [Fact]
    public async Task A_session_expires()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var (lost, kept) = (await BeginAsync(juliet), await BeginAsync(juliet));
        server.Time.Advance(TimeSpan.FromMinutes(20));
        (await juliet.CommandAsync("localhost", "config", kept, "next", Submit(Given("service", "httpd")))).Command("executing");
        server.Time.Advance(TimeSpan.FromMinutes(20));

        (await juliet.CommandAsync("localhost", "config", lost, "next", Submit(Given("service", "httpd"))))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed, "session-expired");
        (await juliet.CommandAsync("localhost", "config", kept, null, Submit(Given("state", "0")))).Command("completed");
    }

    [Fact]
    public async Task A_client_s_sessions_end_with_its_own()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet", "balcony");
        var id = await BeginAsync(juliet);
        await juliet.SendAsync("</stream:stream>");
        await juliet.Served;

        juliet = await server.ConnectAsync("juliet", "balcony");

        (await juliet.CommandAsync("localhost", "config", id, "next", Submit(Given("service", "httpd"))))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed, "session-expired");
    }

    [Fact]
    public async Task One_account_keeps_as_many_sessions_as_it_may()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var ids = new List<string>();
        for (var i = 0; i < 11; i++)
            ids.Add(await BeginAsync(juliet));

        (await juliet.CommandAsync("localhost", "config", ids[0], "next", Submit(Given("service", "httpd"))))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed, "session-expired");
        (await juliet.CommandAsync("localhost", "config", ids[1], "next", Submit(Given("service", "httpd")))).Command("executing");
    }

    [Fact]
    public async Task A_step_that_fails_may_be_tried_again()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var id = (await juliet.CommandAsync("localhost", "fail")).Command("executing")["sessionid"];

        (await juliet.CommandAsync("localhost", "fail", id, null, Submit(Given("how", "conflict"))))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Conflict);
        (await juliet.CommandAsync("localhost", "fail", id, null, Submit(Given("how", "refuse"))))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
        server.ExpectError("The handler of");
        (await juliet.CommandAsync("localhost", "fail", id, null, Submit(Given("how", "bug"))))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.InternalServerError);
        (await juliet.CommandAsync("localhost", "fail", id, null, Submit(Given("how", "not")))).Command("completed");
    }

    [Fact]
    public async Task Only_administrators_see_and_execute_what_is_theirs()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var romeo = await server.ConnectAsync("romeo");

        (await romeo.CommandAsync("localhost", "reset")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
        (await juliet.CommandAsync("localhost", "reset")).Command("completed");
        (await juliet.CommandAsync("juliet@localhost", "reset")).Command("completed");
        (await romeo.CommandAsync("romeo@localhost", "reset")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);

        Assert.Equal(["greet", "config", "fail"], await ListAsync(romeo, "localhost"));
        Assert.Equal(["greet", "config", "fail", "reset"], await ListAsync(juliet, "localhost"));
        Assert.Equal(["config"], await ListAsync(romeo, "romeo@localhost"));
        Assert.Equal(["config", "reset"], await ListAsync(juliet, "juliet@localhost"));
        (await romeo.InfoAsync("localhost", "reset")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task Rights_are_asked_at_every_step()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");
        var id = (await juliet.CommandAsync("localhost", "reset")).Command("completed")["sessionid"];

        await server.ReloadAsync(options => options with { Administrators = [] });

        (await juliet.CommandAsync("localhost", "reset", id)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        (await juliet.CommandAsync("localhost", "sing")).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
        // It is one of the server's.
        (await juliet.CommandAsync("juliet@localhost", "greet"))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
        await juliet.SendAsync($"<iq type='set' id='1' to='localhost'><command xmlns='{Ns}'/></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
        // Those of others are theirs.
        await juliet.SendAsync($"<iq type='set' id='1' to='romeo@localhost'><command xmlns='{Ns}' node='config'/></iq>");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task Commands_are_discovered()
    {
        await using var server = await StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        foreach (var entity in new[] { "localhost", "juliet@localhost" })
        {
            Assert.Contains(Ns, Discovery.Parse(await juliet.InfoAsync(entity)).Features);
            var list = Discovery.Parse(await juliet.InfoAsync(entity, Ns));
            Assert.Equal([("automation", "command-list")], list.Identities.Select(identity => (identity.Category, identity.Type)));
            Assert.Contains(Ns, list.Features);

            var command = Discovery.Parse(await juliet.InfoAsync(entity, "config"));
            Assert.Equal([new DiscoIdentity("automation", "command-node", "Configure Service")], command.Identities);
            Assert.Equal([Ns, "jabber:x:data"], command.Features);
        }
        await juliet.SendAsync(
            $"<iq type='get' id='1' to='juliet@localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='{Ns}'/></iq>");
        await juliet.ExpectAsync($"<iq type='result' id='1' from='juliet@localhost' to='{juliet.Jid}'>"
            + $"<query xmlns='http://jabber.org/protocol/disco#items' node='{Ns}'>"
            + "<item jid='juliet@localhost' node='config' name='Configure Service'/>"
            + "<item jid='juliet@localhost' node='reset' name='Reset'/></query></iq>");
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(
        options => options with
        {
            Administrators = ["juliet@localhost"],
            // Only the commands of this test.
            Modules = options.Modules with { Disabled = ["serviceAdministration", "invitations", "rooms"] },
            Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromDays(1) },
        },
        module =>
        {
            module.Command(new("greet", "Greet", IqTarget.Server, CommandAccess.Accounts, (request, _) =>
                new(CommandStep.Done($"Good morrow, {request.Requester.Local}."))));
            module.Command(new("config", "Configure Service", Everywhere, CommandAccess.Accounts, (_, _) => new(AskService())));
            module.Command(new("fail", "Fail", IqTarget.Server, CommandAccess.Accounts, (_, _) => new(
                CommandStep.Ask(new DataForm(DataFormType.Form, FormField.Text("how", "How to fail")), (_, form, _) => Fail(form)))));
            module.Command(new("reset", "Reset", Everywhere, CommandAccess.Administrators, (_, _) => new(CommandStep.Done("As new."))));
        });

    /// <summary>The command of XEP-0050 §2.4.2.</summary>
    private static CommandStep AskService() => CommandStep.Ask(
        new DataForm(
            DataFormType.Form, FormField.List("service", "Service", null, new("httpd"), new("jabberd")) with { IsRequired = true }),
        (_, chosen, _) => new(CommandStep.Ask(
            new DataForm(DataFormType.Form, FormField.Boolean("state", "Run", true)) { Title = $"Settings of {chosen.Value("service")}" },
            (_, state, _) => new(CommandStep.Done($"{chosen.Value("service")} is {(state.Boolean("state") == true ? "on" : "off")}")))),
        isLast: false);

    private static ValueTask<CommandStep> Fail(DataForm form) => form.Value("how") switch
    {
        "conflict" => new(CommandStep.Fail(StanzaErrorCondition.Conflict, "There is one already.")),
        "refuse" => new(CommandStep.Refuse("Not so.")),
        "bug" => throw new InvalidOperationException("A bug."),
        _ => new(CommandStep.Done("It went well.")),
    };

    private static async Task<string> BeginAsync(TestClient client) =>
        (await client.CommandAsync("localhost", "config")).Command("executing")["sessionid"]!;

    private static DataForm Submit(params FormField[] fields) => new(DataFormType.Submit, fields);

    private static async Task<IEnumerable<string?>> ListAsync(TestClient client, string to)
    {
        await client.SendAsync(
            $"<iq type='get' id='1' to='{to}'><query xmlns='http://jabber.org/protocol/disco#items' node='{Ns}'/></iq>");
        return (await client.ReadAsync()).Elements.Single().Elements.Select(item => item["node"]);
    }
}
