using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Sasl;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Streams.Sasl2Testing;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Logins by tokens (XEP-0484).</summary>
public sealed class FastTests
{
    private const string None = "HT-SHA-256-NONE";
    private const string Request = $"<request-token xmlns='{Fast}' mechanism='{None}'/>";

    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task It_is_offered_with_its_mechanisms_and_not_for_early_data()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var features = await client.OpenAsync();

        var fast = features.Child(Sasl2, "authentication")!.Child(Sasl2, "inline")!.Child(Fast, "fast")!;
        Assert.Equal([None], fast.Elements.Select(mechanism => mechanism.Text));
        Assert.Null(fast["tls-0rtt"]);
    }

    [Fact]
    public async Task A_client_with_a_token_is_online_in_one_round_trip()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);

        var client = await server.SayAsync(
            "juliet", UseToken(token, $"<bind xmlns='{Bind2}'><enable xmlns='{Sm}' resume='true'/></bind>"));

        var (success, _) = await client.ReadOnlineAsync();
        Assert.True(client.Jid.IsFull);
        Assert.NotNull(success.Child(Bind2, "bound")!.Child(Sm, "enabled"));
        Assert.Equal(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), "Responder"u8),
            Convert.FromBase64String(success.Child(Sasl2, "additional-data")!.Text));
        Assert.Null(success.Child(Fast, "token"));
    }

    [Fact]
    public async Task A_token_says_when_it_ends()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", Request, Phone));

        var token = (await client.ReadSuccessAsync()).Child(Fast, "token")!;

        Assert.Equal(XmppDateTime.Format(server.Time.GetUtcNow() + server.Options.Clients.TokenLifetime), token["expiry"]);
        Assert.NotEmpty(token["token"]!);
    }

    [Theory]
    [InlineData("wrong", Phone, Request)]
    [InlineData(TestServer.Password, null, Request)]
    [InlineData(TestServer.Password, Phone, $"<request-token xmlns='{Fast}' mechanism='HT-SHA-256-ENDP'/>")]
    [InlineData(TestServer.Password, Phone, "")]
    public async Task Whoever_hasnt_authenticated_said_who_it_is_and_asked_for_what_is_offered_gets_none(
        string password, string? agent, string request)
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", request, agent, password));

        Assert.Null((await client.ReadAsync()).Child(Fast, "token"));
    }

    [Theory]
    [InlineData(None, Laptop, true, "not-authorized")]
    [InlineData(None, null, true, "not-authorized")]
    [InlineData("HT-SHA-256-ENDP", Phone, true, "invalid-mechanism")]
    [InlineData(None, Phone, false, "invalid-mechanism")]
    public async Task A_token_is_its_clients_and_its_mechanisms(string mechanism, string? agent, bool isFast, string condition)
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        var fast = isFast ? $"<fast xmlns='{Fast}'/>" : "";

        var client = await server.SayAsync("juliet", AuthenticateBy(mechanism, Proof("juliet", token), fast, agent));

        await client.ExpectSasl2FailureAsync(condition);
        // And another way is open.
        await client.SendAsync(Authenticate("juliet"));
        await client.ReadSuccessAsync();
    }

    [Fact]
    public async Task A_wrong_token_counts_as_a_guess()
    {
        await using var server = await TestServer.StartAsync(options =>
            options with { Authentication = options.Authentication with { MaxFailures = 2 } });
        var token = await GetTokenAsync(server);
        for (var i = 0; i < 2; i++)
        {
            var guess = await server.SayAsync("juliet", UseToken("guess"));
            await guess.ExpectSasl2FailureAsync("not-authorized");
        }

        var client = await server.SayAsync("juliet", UseToken(token));

        await client.ExpectSasl2FailureAsync("temporary-auth-failure");
    }

    [Fact]
    public async Task A_token_ends_in_time()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        server.Time.Advance(server.Options.Clients.TokenLifetime);

        var client = await server.SayAsync("juliet", UseToken(token));

        await client.ExpectSasl2FailureAsync("credentials-expired");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_ends_with_its_password(bool isServerTold)
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        var keys = PasswordKeys.Create("another", 4096);
        var cancellation = TestContext.Current.CancellationToken;
        if (isServerTold)
            await server.Server.Context.Accounts.SetKeysAsync(Juliet, keys, except: null, cancellation);
        else
            await server.Store.Accounts.SetKeysAsync(Juliet, keys, cancellation);

        var client = await server.SayAsync("juliet", UseToken(token));

        await client.ExpectSasl2FailureAsync("credentials-expired");
    }

    [Fact]
    public async Task A_disabled_account_has_tokens_that_rest()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        await server.Server.Context.Accounts.SetEnabledAsync(Juliet, enabled: false, TestContext.Current.CancellationToken);

        var client = await server.SayAsync("juliet", UseToken(token));

        await client.ExpectSasl2FailureAsync("account-disabled");
    }

    [Fact]
    public async Task A_token_ends_with_its_account()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        await server.Server.Context.Accounts.RemoveAsync(Juliet, except: null, TestContext.Current.CancellationToken);

        var client = await server.SayAsync("juliet", UseToken(token)); // Made anew.

        await client.ExpectSasl2FailureAsync("not-authorized");
    }

    [Fact]
    public async Task A_token_outlives_the_server()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        var token = await GetTokenAsync(server);
        await server.RestartAsync(isKilled: true);

        var client = await server.SayAsync("juliet", UseToken(token));

        await client.ReadSuccessAsync();
    }

    [Fact]
    public async Task What_is_kept_is_not_the_token()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);

        var kept = await server.Store.AccountData.ListAsync(Juliet, "client", TestContext.Current.CancellationToken);

        Assert.DoesNotContain(token, Encoding.UTF8.GetString(Assert.Single(kept).Value.Span));
    }

    [Fact]
    public async Task A_token_that_is_old_is_replaced_and_holds_until_the_new_one_is_used()
    {
        await using var server = await TestServer.StartAsync();
        var old = await GetTokenAsync(server);
        server.Time.Advance(server.Options.Clients.TokenRotation);

        var lost = TokenOf(await LogInAsync(server, old))!;
        // The client didn't get that one, and gets another.
        var fresh = TokenOf(await LogInAsync(server, old))!;

        Assert.Equal(3, new[] { old, lost, fresh }.Distinct().Count());
        await (await server.SayAsync("juliet", UseToken(lost))).ExpectSasl2FailureAsync("not-authorized");
        Assert.Null(TokenOf(await LogInAsync(server, fresh)));
        await (await server.SayAsync("juliet", UseToken(old))).ExpectSasl2FailureAsync("not-authorized");
        await LogInAsync(server, fresh);
    }

    [Fact]
    public async Task Tokens_that_end_before_the_one_that_is_used_have_ended()
    {
        await using var server = await TestServer.StartAsync();
        var longer = await GetTokenAsync(server);
        await LogInAsync(server, longer);
        await server.ReloadAsync(options => options with
        {
            Clients = options.Clients with { TokenLifetime = TimeSpan.FromDays(1) },
        });
        var shorter = await GetTokenAsync(server);

        await LogInAsync(server, longer);

        await (await server.SayAsync("juliet", UseToken(shorter))).ExpectSasl2FailureAsync("not-authorized");
    }

    [Theory]
    [InlineData("invalidate='true'", "")]
    [InlineData("invalidate='1'", "")]
    [InlineData("invalidate='true'", Request)]
    public async Task A_client_can_end_its_token_and_gets_another_only_if_it_asks(string attribute, string request)
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        server.Time.Advance(server.Options.Clients.TokenRotation); // Due for rotation.

        var client = await server.SayAsync("juliet", UseToken(token, request, attribute));
        var success = await client.ReadSuccessAsync();

        Assert.Equal(request != "", TokenOf(success) is not null);
        await (await server.SayAsync("juliet", UseToken(token))).ExpectSasl2FailureAsync("not-authorized");
    }

    [Fact]
    public async Task Counts_have_to_rise_and_begin_anew_with_a_token()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        await LogInAsync(server, token, "count='2'");

        foreach (var replayed in new[] { "2", "1", "0", "x", "-3" })
            await (await server.SayAsync("juliet", UseToken(token, "", $"count='{replayed}'"))).ExpectSasl2FailureAsync("not-authorized");
        await LogInAsync(server, token, "count='3'");

        var next = await GetTokenAsync(server);
        await LogInAsync(server, next, "count='1'");
    }

    [Fact]
    public async Task Nobody_gets_tokens_where_there_are_to_be_none()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        await server.ReloadAsync(options => options with { Clients = options.Clients with { TokenLifetime = TimeSpan.Zero } });

        var client = server.Connect();
        var features = await client.OpenAsync();
        await client.SendAsync(UseToken(token));

        Assert.Null(features.Child(Sasl2, "authentication")!.Child(Sasl2, "inline")!.Child(Fast, "fast"));
        await client.ExpectSasl2FailureAsync("invalid-mechanism");
    }

    [Fact]
    public async Task Clients_that_there_is_no_room_for_are_forgotten_the_longest_away_first()
    {
        await using var server = await TestServer.StartAsync(options => options with { Clients = options.Clients with { PerAccount = 2 } });
        var tokens = new List<(string Agent, string Token)>();
        for (var i = 0; i < 3; i++)
        {
            var agent = $"d4565fa7-4d72-4749-b3d3-74000000000{i}";
            tokens.Add((agent, await GetTokenAsync(server, agent)));
            server.Time.Advance(TimeSpan.FromHours(2));
        }

        await (await server.SayAsync("juliet", UseToken(tokens[0].Token, agent: tokens[0].Agent)))
            .ExpectSasl2FailureAsync("not-authorized");
        foreach (var (agent, token) in tokens[1..])
            await (await server.SayAsync("juliet", UseToken(token, agent: agent))).ReadSuccessAsync();
    }

    [Fact]
    public async Task A_store_that_fails_says_nothing_of_a_token()
    {
        await using var server = await TestServer.StartAsync();
        var token = await GetTokenAsync(server);
        var client = server.Connect();
        await client.OpenAsync();
        server.Store.Failure = StanzaErrorCondition.InternalServerError;
        await client.SendAsync(UseToken(token));
        await client.ExpectSasl2FailureAsync("temporary-auth-failure");

        server.Store.Failure = null;
        await client.SendAsync(UseToken(token));

        await client.ReadSuccessAsync();
    }

    /// <summary>A token for the phone, or another client.</summary>
    private static async Task<string> GetTokenAsync(TestServer server, string agent = Phone)
    {
        var client = await server.SayAsync("juliet", Authenticate("juliet", Request, agent));
        return TokenOf(await client.ReadSuccessAsync())!;
    }

    private static async Task<Element> LogInAsync(TestServer server, string token, string attributes = "")
    {
        var client = await server.SayAsync("juliet", UseToken(token, "", attributes));
        return await client.ReadSuccessAsync();
    }

    private static string? TokenOf(Element success) => success.Child(Fast, "token")?["token"];

    internal static string UseToken(string token, string inline = "", string attributes = "", string agent = Phone) =>
        AuthenticateBy(None, Proof("juliet", token), $"<fast xmlns='{Fast}' {attributes}/>{inline}", agent);

    private static byte[] Proof(string name, string token) =>
        [.. Encoding.UTF8.GetBytes($"{name}\0"), .. HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), "Initiator"u8)];
}
