using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Sasl;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Streams.Sasl2Testing;

namespace Xmpp.Server.Tests.Streams;

/// <summary>People see which clients have access to their accounts, and end it (XEP-0494).</summary>
public sealed class ClientAccessTests
{
    private const string Ns = "urn:xmpp:cam:0";
    private const string Request = $"<request-token xmlns='{Fast}' mechanism='HT-SHA-256-NONE'/>";

    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task Clients_are_listed_with_what_is_known_of_them()
    {
        await using var server = await TestServer.StartAsync();
        var first = server.Time.GetUtcNow();
        var (left, _) = await server.GoOnlineAsync("juliet", Phone, inline: Request);
        await left.SendAsync("</stream:stream>");
        await left.ExpectEndAsync();
        server.Time.Advance(TimeSpan.FromHours(2));
        await server.GoOnlineAsync("romeo", Laptop);
        var (juliet, _) = await server.GoOnlineAsync("juliet", Laptop);

        var clients = await ListAsync(juliet);

        Assert.Equal(["true", "false"], clients.Select(client => client["connected"]));
        var phone = clients[1];
        Assert.Equal("session", phone["type"]);
        Assert.Equal(XmppDateTime.Format(first), phone.Child(Ns, "first-seen")!.Text);
        Assert.Equal(XmppDateTime.Format(first), phone.Child(Ns, "last-seen")!.Text);
        Assert.Equal(["password", "fast"], phone.Child(Ns, "auth")!.Elements.Select(way => way.Name.Local));
        Assert.Equal("unrestricted", phone.Child(Ns, "permission")!["status"]);
        Assert.Equal("AwesomeXMPP", phone.Child(Ns, "user-agent")!.Child(Ns, "software")!.Text);
        Assert.Equal("Kiva's Phone", phone.Child(Ns, "user-agent")!.Child(Ns, "device")!.Text);
        Assert.Equal(["password"], clients[0].Child(Ns, "auth")!.Elements.Select(way => way.Name.Local));
    }

    [Fact]
    public async Task Clients_that_dont_say_who_they_are_are_listed_while_they_are_there()
    {
        await using var server = await TestServer.StartAsync();
        var old = await server.ConnectAsync("juliet", "old");
        var (juliet, _) = await server.GoOnlineAsync("juliet", Phone);
        Assert.Equal(2, (await ListAsync(juliet)).Count);
        await old.SendAsync("</stream:stream>");
        await old.ExpectEndAsync();

        Assert.Single(await ListAsync(juliet));
    }

    [Fact]
    public async Task A_client_that_knows_the_password_loses_token_and_session_and_another_password_is_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        var (phone, success) = await server.GoOnlineAsync("juliet", Phone, inline: Request);
        var (juliet, _) = await server.GoOnlineAsync("juliet", Laptop);
        var id = (await ListAsync(juliet)).Single(client => client.Child(Ns, "auth")!.Child(Ns, "fast") is not null)["id"];

        var error = await AskAsync(juliet, "set", $"<revoke xmlns='{Ns}' id='{id}'/>");

        var parsed = StanzaError.Parse(error)!;
        Assert.Equal((StanzaErrorCondition.ServiceUnavailable, StanzaErrorType.Cancel), (parsed.Condition, parsed.Type));
        Assert.Equal(new XmlName(Ns, "password-reset-required"), parsed.Application!.Name);
        await phone.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
        var again = await server.SayAsync("juliet", FastTests.UseToken(success.Child(Fast, "token")!["token"]!));
        await again.ExpectSasl2FailureAsync("not-authorized");
    }

    [Fact]
    public async Task A_client_that_knows_only_an_old_password_is_out_and_not_listed()
    {
        await using var server = await TestServer.StartAsync();
        await server.GoOnlineAsync("juliet", Phone, inline: Request);
        await server.Server.Context.Accounts.SetKeysAsync(
            Juliet, PasswordKeys.Create("another", 4096), except: null, TestContext.Current.CancellationToken);
        var client = await server.SayAsync("juliet", Authenticate("juliet", $"<bind xmlns='{Bind2}'/>", Laptop, "another"));
        var (_, _) = await client.ReadOnlineAsync();

        Assert.Single(await ListAsync(client));
    }

    [Fact]
    public async Task A_client_without_the_password_is_revoked_also_when_it_asks_itself()
    {
        await using var server = await TestServer.StartAsync();
        var (juliet, success) = await server.GoOnlineAsync("juliet", Phone, inline: Request);
        var (other, _) = await server.GoOnlineAsync("juliet", Laptop);
        await ForgetPasswordAsync(server);
        var token = success.Child(Fast, "token")!["token"]!;
        var clients = await ListAsync(other);
        var id = clients.Single(client => client.Child(Ns, "auth")!.Child(Ns, "fast") is not null)["id"];
        var otherId = clients.Single(client => client["id"] != id)["id"];

        Assert.Equal("result", (await AskAsync(other, "set", $"<revoke xmlns='{Ns}' id='{id}'/>"))["type"]);

        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
        await (await server.SayAsync("juliet", FastTests.UseToken(token))).ExpectSasl2FailureAsync("not-authorized");
        Assert.Equal("result", (await AskAsync(other, "set", $"<revoke xmlns='{Ns}' id='{otherId}'/>"))["type"]);
        await other.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Theory]
    [InlineData("id='nobody'", StanzaErrorCondition.ItemNotFound)]
    [InlineData("", StanzaErrorCondition.BadRequest)]
    public async Task There_has_to_be_such_a_client(string attribute, StanzaErrorCondition condition)
    {
        await using var server = await TestServer.StartAsync();
        var (juliet, _) = await server.GoOnlineAsync("juliet", Phone);

        var error = await AskAsync(juliet, "set", $"<revoke xmlns='{Ns}' {attribute}/>");

        Assert.Equal(condition, StanzaError.Parse(error)!.Condition);
    }

    [Theory]
    [InlineData("get", "<list xmlns='urn:xmpp:cam:0'/>")]
    [InlineData("set", "<revoke xmlns='urn:xmpp:cam:0' id='x'/>")]
    public async Task Others_learn_and_do_nothing(string type, string payload)
    {
        await using var server = await TestServer.StartAsync();
        await server.GoOnlineAsync("juliet", Phone);
        var (romeo, _) = await server.GoOnlineAsync("romeo", Laptop);

        await romeo.SendAsync($"<iq type='{type}' id='1' to='juliet@localhost'>{payload}</iq>");

        await romeo.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Fact]
    public async Task What_is_kept_and_for_how_long_is_the_operators_choice()
    {
        await using var server = await TestServer.StartAsync(options =>
            options with { Clients = options.Clients with { Names = false, Keep = TimeSpan.FromDays(1) } });
        var (laptop, _) = await server.GoOnlineAsync("juliet", Laptop);
        laptop.Drop();
        await laptop.Served;
        server.Time.Advance(TimeSpan.FromDays(1));

        var (juliet, _) = await server.GoOnlineAsync("juliet", Phone);

        var client = Assert.Single(await ListAsync(juliet));
        Assert.Empty(client.Child(Ns, "user-agent")!.Elements);
        Assert.Single(await server.Store.AccountData.ListAsync(Juliet, "client", TestContext.Current.CancellationToken));
        await server.ReloadAsync(options => options with { Clients = options.Clients with { Keep = TimeSpan.Zero } });
        await server.GoOnlineAsync("romeo", Phone);
        Assert.Empty(await server.Store.AccountData.ListAsync(
            Jid.Parse("romeo@localhost"), "client", TestContext.Current.CancellationToken));
    }

    /// <summary>Makes the account one whose clients have logged in by something that is not its password.</summary>
    private static async Task ForgetPasswordAsync(TestServer server)
    {
        var (data, cancellation) = (server.Store.AccountData, TestContext.Current.CancellationToken);
        foreach (var (id, stored) in await data.ListAsync(Juliet, "client", cancellation))
        {
            var record = Element.Parse(stored).With("password", null).ToString();
            await data.SetAsync(Juliet, "client", id, Encoding.UTF8.GetBytes(record), new(100, 100_000), cancellation);
        }
    }

    private static async Task<List<Element>> ListAsync(TestClient client) =>
        [.. (await AskAsync(client, "get", $"<list xmlns='{Ns}'/>")).Child(Ns, "clients")!.Elements];

    private static async Task<Element> AskAsync(TestClient client, string type, string payload)
    {
        await client.SendAsync($"<iq type='{type}' id='ask'>{payload}</iq>");
        return await client.ReadAsync();
    }
}
