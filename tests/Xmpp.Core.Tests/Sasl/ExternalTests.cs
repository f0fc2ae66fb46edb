using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class ExternalTests
{
    private readonly SaslScene _scene = new();

    /// <summary>XEP-0178 §3. The certificate's addresses, authzid, whom the client becomes (null: invalid-authzid).</summary>
    [Theory]
    [InlineData("user@example.org", "", "user@example.org")]
    [InlineData("user@example.org", "user@example.org", "user@example.org")]
    [InlineData("user@example.org", "USER@Example.ORG", "user@example.org")]
    [InlineData("user@example.org", "other@example.org", null)]
    [InlineData("user@example.org", "user@example.org/balcony", null)]
    [InlineData("user@example.org", "user", null)]
    [InlineData("user@example.org", "example.org", null)]
    [InlineData("user@example.org", "@", null)]
    [InlineData("user@example.org other@example.org", "", null)]
    [InlineData("other@example.org user@example.org", "user@example.org", "user@example.org")]
    [InlineData("user@example.org user@example.com", "", null)]
    [InlineData("user@example.org user@example.com", "user@example.com", null)]
    [InlineData("user@example.com", "", null)]
    [InlineData("user@example.com", "user@example.org", null)]
    [InlineData("example.org", "", null)]
    [InlineData("example.org", "example.org", null)]
    [InlineData("user@example.org/balcony", "", null)]
    public async Task The_certificate_decides_who_a_client_may_be(string addresses, string authzid, string? account)
    {
        var outcome = await SaslScene.Send(Start(addresses), authzid);

        if (account is null)
            SaslScene.AssertFails(SaslFailureCondition.InvalidAuthzid, outcome);
        else
            Assert.Equal(new SaslOutcome.Success(Jid.Parse(account)), outcome);
    }

    [Theory]
    [InlineData("nobody@example.org", SaslFailureCondition.NotAuthorized)]
    [InlineData("banned@example.org", SaslFailureCondition.AccountDisabled)]
    public async Task An_account_that_cannot_log_in_does_not(string address, SaslFailureCondition condition)
    {
        SaslScene.AssertFails(condition, await SaslScene.Send(Start(address), ""));
    }

    [Fact]
    public async Task A_client_that_sends_no_initial_response_is_asked_once()
    {
        var exchange = Start("user@example.org");

        Assert.Equal("", SaslScene.Text(await SaslScene.Send(exchange, null)));
        SaslScene.AssertSucceeds(await SaslScene.Send(exchange, ""));

        exchange = Start("user@example.org");
        await SaslScene.Send(exchange, null);
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, null));
    }

    [Theory]
    [InlineData("75736572FF")]
    [InlineData("00")]
    public async Task An_authorization_identity_is_text(string hex)
    {
        var outcome = await Start("user@example.org").RespondAsync(Convert.FromHexString(hex), TestContext.Current.CancellationToken);

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, outcome);
    }

    [Theory]
    [InlineData("", true, false)]
    [InlineData("user@example.org", true, true)]
    [InlineData("user@example.org", false, false)]
    [InlineData("user@example.com", true, false)]
    [InlineData("example.org", true, false)]
    [InlineData("user@example.com user@example.org", true, true)]
    public void It_is_offered_when_the_certificate_proves_an_address_of_the_host(string addresses, bool encrypted, bool offered)
    {
        var context = _scene.Context with { IsEncrypted = encrypted, ProvenIdentities = Jids(addresses) };

        Assert.Equal(offered, new ExternalMechanism().IsAvailable(context));
    }

    private ISaslExchange Start(string addresses) =>
        new ExternalMechanism().Start(_scene.Context with { ProvenIdentities = Jids(addresses) });

    private static Jid[] Jids(string addresses) =>
        [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Jid.Parse)];
}
