using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>SASL on the stream (RFC 6120 §6); the mechanisms have tests of their own.</summary>
public sealed class AuthenticationTests
{
    private const string Success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

    [Fact]
    public async Task Whether_an_account_exists_shows_in_no_answer()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);

        await client.AuthenticateAsync("juliet", "wrong");
        var wrongPassword = await client.ExpectFailureAsync("not-authorized");
        await client.AuthenticateAsync("nobody", "wrong");
        var unknownUser = await client.ExpectFailureAsync("not-authorized");

        Assert.Equal(wrongPassword, unknownUser);
    }

    [Fact]
    public async Task Who_mistypes_may_try_again()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);

        await client.AuthenticateAsync("juliet", "sceret");
        await client.ExpectFailureAsync("not-authorized");
        await client.AuthenticateAsync("juliet", TestServer.Password);

        await client.ExpectAsync(Success);
    }

    [Fact]
    public async Task An_exchange_can_be_aborted()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);

        await client.SendAsync(Auth("SCRAM-SHA-256", "n,,n=juliet,r=nonce"));
        Assert.Equal("challenge", (await client.ReadAsync()).Name.Local);
        await client.SendAsync($"<abort xmlns='{Namespaces.Sasl}'/>");
        await client.ExpectFailureAsync("aborted");

        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectAsync(Success);
    }

    [Theory]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>no base64!</auth>", "incorrect-encoding")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGll dABzZWNyZXQ=</auth>", "incorrect-encoding")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldABzZWNyZXQ</auth>", "incorrect-encoding")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AAAA</auth>", "malformed-request")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>=</auth>", "malformed-request")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='CRAM-MD5'/>", "invalid-mechanism")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>", "invalid-mechanism")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", "invalid-mechanism")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='plain'/>", "invalid-mechanism")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "invalid-mechanism")]
    [InlineData("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "malformed-request")]
    [InlineData("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "aborted")]
    public async Task What_can_not_be_right_fails_and_the_stream_goes_on(string xml, string condition)
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);

        await client.SendAsync(xml);
        await client.ExpectFailureAsync(condition);

        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectAsync(Success);
    }

    [Fact]
    public async Task A_second_auth_within_an_exchange_ends_it()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);
        await client.SendAsync(Auth("SCRAM-SHA-256", "n,,n=juliet,r=nonce"));
        await client.ReadAsync();

        await client.AuthenticateAsync("juliet", TestServer.Password);

        await client.ExpectFailureAsync("malformed-request");
    }

    [Fact]
    public async Task A_mechanism_without_an_initial_response_begins_with_an_empty_challenge()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);

        await client.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'/>");
        await client.ExpectAsync($"<challenge xmlns='{Namespaces.Sasl}'/>");
        await client.SendAsync($"<response xmlns='{Namespaces.Sasl}'>{Base64($"\0juliet\0{TestServer.Password}")}</response>");

        await client.ExpectAsync(Success);
    }

    [Fact]
    public async Task A_mechanism_that_is_switched_off_is_refused()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Authentication = options.Authentication with { Mechanisms = ["SCRAM-SHA-256"] },
        });
        var client = await OpenAsync(server);

        await client.AuthenticateAsync("juliet", TestServer.Password);

        await client.ExpectFailureAsync("invalid-mechanism");
    }

    [Fact]
    public async Task Too_many_failures_end_the_stream()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);
        for (var i = 0; i < 6; i++)
        {
            await client.AuthenticateAsync("juliet", "wrong");
            await client.ExpectFailureAsync("not-authorized");
        }

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task After_too_many_failures_even_the_right_password_has_to_wait()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Authentication = options.Authentication with { MaxFailures = 3, FailureWindow = TimeSpan.FromMinutes(5) },
        });
        var guesser = await OpenAsync(server);
        for (var i = 0; i < 3; i++)
        {
            await guesser.AuthenticateAsync("juliet", "wrong");
            await guesser.ExpectFailureAsync("not-authorized");
        }

        var juliet = await OpenAsync(server);
        await juliet.AuthenticateAsync("juliet", TestServer.Password);
        await juliet.ExpectFailureAsync("temporary-auth-failure");

        server.Time.Advance(TimeSpan.FromMinutes(6));
        var later = await OpenAsync(server);
        await later.AuthenticateAsync("juliet", TestServer.Password);
        await later.ExpectAsync(Success);
    }

    [Theory]
    [InlineData(StanzaErrorCondition.InternalServerError)]
    [InlineData(StanzaErrorCondition.ResourceConstraint)]
    public async Task A_store_that_fails_is_a_reason_to_try_again_later(StanzaErrorCondition failure)
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);

        server.Store.Failure = failure;
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectFailureAsync("temporary-auth-failure");

        server.Store.Failure = null;
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ExpectAsync(Success);
    }

    [Fact]
    public async Task A_disabled_account_can_not_log_in()
    {
        await using var server = await TestServer.StartAsync();
        var client = await OpenAsync(server);
        await server.Store.Accounts.SetEnabledAsync(Jid.Parse("juliet@localhost"), enabled: false, TestContext.Current.CancellationToken);

        await client.AuthenticateAsync("juliet", TestServer.Password);

        await client.ExpectFailureAsync("account-disabled");
    }

    [Fact]
    public async Task Guests_are_welcome_where_they_are_configured()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Authentication = options.Authentication with { Mechanisms = ["ANONYMOUS"] },
        });
        var (first, second) = (server.Connect(), server.Connect());
        foreach (var guest in new[] { first, second })
        {
            await guest.OpenAsync();
            await guest.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='ANONYMOUS'/>");
            await guest.ExpectAsync(Success);
            await guest.OpenAsync();
            await guest.BindAsync(null);
        }

        Assert.NotEqual(first.Jid.Bare, second.Jid.Bare);
        await second.ExpectNothingFromAsync(first);
    }

    [Fact]
    public async Task The_last_login_is_noted()
    {
        await using var server = await TestServer.StartAsync();
        server.Time.Advance(TimeSpan.FromHours(1));
        var now = server.Time.GetUtcNow();

        var juliet = await server.ConnectAsync("juliet");

        var account = await server.Store.Accounts.FindAsync(juliet.Jid.Bare, TestContext.Current.CancellationToken);
        Assert.Equal(now, account!.LastLogin);
    }

    /// <summary>A stream at "localhost", where juliet has an account, ready for SASL.</summary>
    private static async Task<TestClient> OpenAsync(TestServer server)
    {
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();
        await client.OpenAsync();
        return client;
    }

    private static string Auth(string mechanism, string message) =>
        $"<auth xmlns='{Namespaces.Sasl}' mechanism='{mechanism}'>{Base64(message)}</auth>";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
