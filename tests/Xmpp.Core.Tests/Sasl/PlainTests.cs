using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class PlainTests
{
    private readonly SaslScene _scene = new();

    [Theory]
    [InlineData("\0user\0pencil")]
    [InlineData("\0USER\0pencil")]
    [InlineData("user@example.org\0user\0pencil")]
    [InlineData("User@EXAMPLE.org\0user\0pencil")]
    public async Task The_right_password_logs_in(string message)
    {
        Assert.Equal(new SaslOutcome.Success(SaslScene.User), await SaslScene.Send(Start(), message));
    }

    [Theory]
    // Wrong or missing, it is the same.
    [InlineData("\0user\0Pencil", SaslFailureCondition.NotAuthorized)]
    [InlineData("\0nobody\0pencil", SaslFailureCondition.NotAuthorized)]
    [InlineData("\0banned\0eraser", SaslFailureCondition.NotAuthorized)]
    [InlineData("\0banned\0pencil", SaslFailureCondition.AccountDisabled)]
    // The account is the authcid's, whatever the authzid says.
    [InlineData("other@example.org\0user\0pencil", SaslFailureCondition.InvalidAuthzid)]
    [InlineData("user@example.org\0other\0pencil", SaslFailureCondition.InvalidAuthzid)]
    [InlineData("user@example.org/balcony\0user\0pencil", SaslFailureCondition.InvalidAuthzid)]
    [InlineData("user@example.com\0user\0pencil", SaslFailureCondition.InvalidAuthzid)]
    [InlineData("user\0user\0pencil", SaslFailureCondition.InvalidAuthzid)]
    [InlineData("example.org\0user\0pencil", SaslFailureCondition.InvalidAuthzid)]
    [InlineData("@\0user\0pencil", SaslFailureCondition.InvalidAuthzid)]
    // A name is a localpart.
    [InlineData("\0user@example.org\0pencil", SaslFailureCondition.NotAuthorized)]
    [InlineData("\0us er\0pencil", SaslFailureCondition.NotAuthorized)]
    [InlineData("user@example.org\0user@example.org\0pencil", SaslFailureCondition.NotAuthorized)]
    // RFC 4616 §2
    [InlineData("", SaslFailureCondition.MalformedRequest)]
    [InlineData("user", SaslFailureCondition.MalformedRequest)]
    [InlineData("user\0pencil", SaslFailureCondition.MalformedRequest)]
    [InlineData("\0user\0", SaslFailureCondition.MalformedRequest)]
    [InlineData("\0\0pencil", SaslFailureCondition.MalformedRequest)]
    [InlineData("\0user\0pencil\0", SaslFailureCondition.MalformedRequest)]
    [InlineData("\0user\0pen\0cil", SaslFailureCondition.MalformedRequest)]
    public async Task Anything_else_fails(string message, SaslFailureCondition condition)
    {
        SaslScene.AssertFails(condition, await SaslScene.Send(Start(), message));
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_malformed()
    {
        var outcome = await Start().RespondAsync(Convert.FromHexString("0075736572007FFF"), TestContext.Current.CancellationToken);

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, outcome);
    }

    [Fact]
    public async Task A_client_that_sends_no_initial_response_is_asked_once()
    {
        var exchange = Start();

        Assert.Equal("", SaslScene.Text(await SaslScene.Send(exchange, null)));
        SaslScene.AssertSucceeds(await SaslScene.Send(exchange, "\0user\0pencil"));
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, "\0user\0pencil"));

        exchange = Start();
        await SaslScene.Send(exchange, null);
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, null));
    }

    [Fact]
    public async Task There_is_one_try()
    {
        var exchange = Start();
        await SaslScene.Send(exchange, "\0user\0eraser");

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, "\0user\0pencil"));
    }

    [Fact]
    public async Task A_store_that_fails_is_a_temporary_failure()
    {
        _scene.Accounts.Fails = true;

        SaslScene.AssertFails(SaslFailureCondition.TemporaryAuthFailure, await SaslScene.Send(Start(), "\0user\0pencil"));
    }

    [Fact]
    public void It_is_for_encrypted_streams()
    {
        var plain = new PlainMechanism(_scene.Decoys);

        Assert.True(plain.IsAvailable(_scene.Context));
        Assert.False(plain.IsAvailable(_scene.Context with { IsEncrypted = false }));
    }

    private ISaslExchange Start() => new PlainMechanism(_scene.Decoys).Start(_scene.Context);
}
