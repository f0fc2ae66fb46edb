using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133: which commands there are, who sees them, and what they ask for.</summary>
public sealed class AdministrationFormsTests
{
    private const string Users = "accountjids:jid-multi!";
    private const string Delay = "delay:list-single(30,60,90,120,180,240,300) announcement:text-multi";
    private const string List = "max_items:list-single(25,50,75,100,150,200,none)";

    /// <summary>§4, use case by use case: node, name, and the fields of the form ("!" for required); "" where there is none.</summary>
    public static TheoryData<string, string, string> UseCases => new()
    {
        {
            "add-user", "Add User", "accountjid:jid-single! password:text-private password-verify:text-private email:text-single "
                + "given_name:text-single surname:text-single"
        },
        { "delete-user", "Delete User", Users },
        { "disable-user", "Disable User", Users },
        { "reenable-user", "Re-Enable User", Users },
        { "end-user-session", "End User Session", Users },
        { "change-user-password", "Change User Password", "accountjid:jid-single! password:text-private!" },
        { "get-user-roster", "Get User Roster", Users },
        { "get-user-lastlogin", "Get User Last Login Time", Users },
        { "user-stats", "Get User Statistics", "accountjid:jid-single!" },
        { "edit-blacklist", "Edit Blacklist", "blacklistjids:jid-multi" },
        { "edit-whitelist", "Edit Whitelist", "whitelistjids:jid-multi" },
        { "get-registered-users-num", "Get Number of Registered Users", "" },
        { "get-disabled-users-num", "Get Number of Disabled Users", "" },
        { "get-online-users-num", "Get Number of Online Users", "" },
        { "get-active-users-num", "Get Number of Active Users", "" },
        { "get-idle-users-num", "Get Number of Idle Users", "" },
        { "get-registered-users-list", "Get List of Registered Users", List },
        { "get-disabled-users-list", "Get List of Disabled Users", List },
        { "get-online-users-list", "Get List of Online Users", List },
        { "get-active-users", "Get List of Active Users", List },
        { "get-idle-users", "Get List of Idle Users", List },
        { "announce", "Send Announcement to Online Users", "announcement:text-multi!" },
        { "set-motd", "Set Message of the Day", "motd:text-multi!" },
        { "edit-motd", "Edit Message of the Day", "motd:text-multi!" },
        { "delete-motd", "Delete Message of the Day", "" },
        { "set-welcome", "Set Welcome Message", "welcome:text-multi!" },
        { "delete-welcome", "Delete Welcome Message", "" },
        { "edit-admin", "Edit Admin List", "adminjids:jid-multi" },
        { "restart", "Restart Service", Delay },
        { "shutdown", "Shut Down Service", Delay },
    };

    [Theory]
    [MemberData(nameof(UseCases))]
    public async Task A_command_is_offered_to_administrators_on_the_domain_and_on_their_account(string name, string title, string fields)
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        await bard.AdministerAsync("set-motd", Commands.Given("motd", "Break a leg."));
        await bard.AdministerAsync("set-welcome", Commands.Given("welcome", "Welcome."));

        foreach (var entity in new[] { "localhost", "bard@localhost" })
        {
            var node = $"{Administration.Ns}#{name}";
            Assert.Equal(
                [new DiscoIdentity("automation", "command-node", title)],
                Discovery.Parse(await bard.InfoAsync(entity, node)).Identities);

            // What has no form is done at once: on the second entity, there is nothing left to delete.
            if (fields.Length == 0 && entity != "localhost")
                continue;
            var answer = await bard.CommandAsync(entity, node);

            if (fields.Length == 0)
            {
                answer.Command("completed");
                continue;
            }
            var form = answer.Command("executing").Form();
            Assert.Equal(DataFormType.Form, form.Type);
            Assert.Equal(Administration.Ns, form.FormType);
            Assert.NotNull(form.Title);
            Assert.NotEmpty(form.Instructions);
            Assert.Equal(fields, string.Join(' ', form.Fields.Skip(1).Select(Describe)));
        }
    }

    [Theory]
    [MemberData(nameof(UseCases))]
    public async Task A_command_is_refused_to_everybody_else(string name, string title, string fields)
    {
        _ = (title, fields);
        await using var server = await Administration.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        foreach (var entity in new[] { "localhost", "romeo@localhost" })
        {
            var node = $"{Administration.Ns}#{name}";
            (await romeo.CommandAsync(entity, node)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
            (await romeo.InfoAsync(entity, node)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
        }
        // Not even for an administrator on the account of another.
        var bard = await server.ConnectAsync("bard");
        (await bard.CommandAsync("romeo@localhost", $"{Administration.Ns}#{name}"))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ServiceUnavailable);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("bard@localhost")]
    public async Task The_list_has_them_all_for_administrators_and_none_for_others(string entity)
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var romeo = await server.ConnectAsync("romeo");

        var listed = (await ItemsAsync(bard, entity)).Where(item => item.Node!.StartsWith(Administration.Ns, StringComparison.Ordinal));

        Assert.Equal(
            UseCases.Select(row => ($"{Administration.Ns}#{row.Data.Item1}", row.Data.Item2)).Order(),
            listed.Select(item => (item.Node!, item.Name!)).Order());
        Assert.DoesNotContain(
            await ItemsAsync(romeo, entity.Replace("bard", "romeo", StringComparison.Ordinal)),
            item => item.Node!.StartsWith(Administration.Ns, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Getting_passwords_was_retracted()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await bard.CommandAsync("localhost", $"{Administration.Ns}#get-user-password"))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
    }

    private static async Task<List<(string? Node, string? Name)>> ItemsAsync(TestClient client, string entity)
    {
        await client.SendAsync($"<iq type='get' id='1' to='{entity}'>"
            + $"<query xmlns='http://jabber.org/protocol/disco#items' node='{AdHocCommand.Namespace}'/></iq>");
        var query = (await client.ReadAsync()).Elements.Single();
        Assert.All(query.Elements, item => Assert.Equal(entity, item["jid"]));
        return [.. query.Elements.Select(item => (item["node"], item["name"]))];
    }

    private static string Describe(FormField field)
    {
        Assert.NotNull(field.Label);
        var type = field.ToElement()["type"];
        var options = field.Options.Count == 0 ? "" : $"({string.Join(',', field.Options.Select(option => option.Value))})";
        return $"{field.Var}:{type}{options}{(field.IsRequired ? "!" : "")}";
    }
}
