using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Streams.Sasl2Testing;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Authentication by XEP-0388.</summary>
public sealed class Sasl2Tests
{
    [Fact]
    public async Task It_is_offered_beside_the_profile_of_rfc_6120_with_the_same_mechanisms()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var features = await client.OpenAsync();

        var authentication = features.Child(Sasl2, "authentication")!;
        var mechanisms = features.Child(Namespaces.Sasl, "mechanisms")!.Elements.Select(mechanism => mechanism.Text);
        Assert.Equal(mechanisms, authentication.Elements.Where(child => child.Name.Local == "mechanism").Select(child => child.Text));
        var inline = authentication.Child(Sasl2, "inline")!;
        Assert.NotNull(inline.Child(Sm, "sm"));
        Assert.Equal(
            ["urn:xmpp:carbons:2", "urn:xmpp:sm:3", "urn:xmpp:csi:0"],
            inline.Child(Bind2, "bind")!.Child(Bind2, "inline")!.Elements.Select(feature => feature["var"]));
    }

    [Theory]
    [InlineData(ListenerTls.None)]
    [InlineData(ListenerTls.StartTls)]
    public async Task It_is_neither_offered_nor_accepted_without_tls(ListenerTls tls)
    {
        await using var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect(tls, isEncrypted: false);

        Assert.Null((await client.OpenAsync()).Child(Sasl2, "authentication"));
        await client.SendAsync(Authenticate("juliet"));

        await client.ExpectSasl2FailureAsync("encryption-required");
    }

    [Fact]
    public async Task Features_follow_success_at_once_without_a_stream_restart()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet"));

        await client.ExpectAsync(
            $"<success xmlns='{Sasl2}'><authorization-identifier>juliet@localhost</authorization-identifier></success>");
        var features = await client.ReadAsync();

        Assert.NotNull(features.Child(Namespaces.Bind, "bind"));
        Assert.Null(features.Child(Sasl2, "authentication"));
        await client.BindAsync("balcony");
        Assert.Equal("juliet@localhost/balcony", client.Jid.ToString());
    }

    [Fact]
    public async Task Scram_takes_challenges_and_its_last_word_stands_in_the_success()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", AuthenticateBy("SCRAM-SHA-256", "n,,n=juliet,r=rOprNGfwEbeRWgbNEkqO"));
        var challenge = Scram.Text(await client.ReadAsync());
        var (final, verifier) = Scram.Answer("n=juliet,r=rOprNGfwEbeRWgbNEkqO", challenge, TestServer.Password);

        // Examples of the text have white space around the data.
        await client.SendAsync($"<response xmlns='{Sasl2}'>\n  {Scram.Base64(final)}\n</response>");

        var success = await client.ReadSuccessAsync();
        Assert.Equal(verifier, Scram.Text(success.Child(Sasl2, "additional-data")!));
    }

    [Fact]
    public async Task Some_mechanisms_ask_for_a_first_message()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", $"<authenticate xmlns='{Sasl2}' mechanism='PLAIN'/>");

        await client.ExpectAsync($"<challenge xmlns='{Sasl2}'/>");
        await client.SendAsync($"<response xmlns='{Sasl2}'>{Scram.Base64($"\0juliet\0{TestServer.Password}")}</response>");

        await client.ReadSuccessAsync();
    }

    [Theory]
    [InlineData("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='CRAM-MD5'/>", "invalid-mechanism")]
    [InlineData("<authenticate xmlns='urn:xmpp:sasl:2'/>", "invalid-mechanism")]
    [InlineData("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256-PLUS'/>", "invalid-mechanism")]
    [InlineData("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>=</initial-response></authenticate>",
        "incorrect-encoding")]
    public async Task What_is_wrong_fails_and_changes_nothing(string request, string condition)
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", request);

        await client.ExpectSasl2FailureAsync(condition);
        await client.SendAsync(Authenticate("juliet"));

        await client.ReadSuccessAsync();
    }

    [Fact]
    public async Task A_wrong_password_fails_without_anything_that_was_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, _) = await server.GoOnlineAsync("juliet", Phone);
        var client = await server.SayAsync(
            "juliet", Authenticate("juliet", $"<bind xmlns='{Bind2}'/>", Phone, password: "wrong"));

        await client.ExpectSasl2FailureAsync("not-authorized");

        await romeo.ExpectNothingFromAsync(romeo);
    }

    [Fact]
    public async Task Whoever_fails_too_often_has_to_wait_whatever_the_profile()
    {
        await using var server = await TestServer.StartAsync(options =>
            options with { Authentication = options.Authentication with { MaxFailures = 2 } });
        var client = await server.SayAsync("juliet", Authenticate("juliet", password: "wrong"));
        await client.ExpectSasl2FailureAsync("not-authorized");
        await client.AuthenticateAsync("juliet", "wrong");
        await client.ExpectFailureAsync("not-authorized");

        await client.SendAsync(Authenticate("juliet"));

        await client.ExpectSasl2FailureAsync("temporary-auth-failure");
    }

    [Fact]
    public async Task Authentication_can_be_given_up()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", $"<authenticate xmlns='{Sasl2}' mechanism='PLAIN'/>");
        await client.ExpectAsync($"<challenge xmlns='{Sasl2}'/>");

        await client.SendAsync($"<abort xmlns='{Sasl2}'><text>No.</text></abort>");

        await client.ExpectSasl2FailureAsync("aborted");
    }

    [Theory]
    [InlineData("<message to='juliet@localhost'/>")]
    [InlineData("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>")]
    [InlineData("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>")]
    [InlineData("<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>")]
    public async Task Anything_else_during_authentication_ends_the_stream(string other)
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", $"<authenticate xmlns='{Sasl2}' mechanism='PLAIN'/>");
        await client.ExpectAsync($"<challenge xmlns='{Sasl2}'/>");

        await client.SendAsync(other);

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<bind xmlns='urn:xmpp:bind:0'/>")]
    public async Task Authenticating_again_is_a_stream_error(string inline)
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", inline));
        await client.ReadOnlineAsync();

        await client.SendAsync(Authenticate("juliet"));

        await client.ExpectStreamErrorAsync(StreamErrorCondition.UnsupportedStanzaType);
    }

    [Fact]
    public async Task An_authorization_identity_has_to_be_whom_the_stream_is_from()
    {
        await using var server = await TestServer.StartAsync();
        var message = $"juliet@localhost\0juliet\0{TestServer.Password}";
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();
        await client.OpenWithAsync("to='localhost' from='romeo@localhost' version='1.0'");
        await client.SendAsync(AuthenticateBy("PLAIN", message));
        await client.ExpectSasl2FailureAsync("invalid-authzid");

        client = await server.SayAsync("juliet", AuthenticateBy("PLAIN", message));
        await client.ReadSuccessAsync();
    }

    [Fact]
    public async Task A_stream_from_another_host_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var answer = await client.OpenWithAsync("to='localhost' from='juliet@example.org' version='1.0'");

        await client.ExpectStreamErrorAsync(StreamErrorCondition.InvalidFrom, answer);
    }
}
