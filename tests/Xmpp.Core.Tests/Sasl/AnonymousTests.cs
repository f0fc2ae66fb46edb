using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class AnonymousTests
{
    private readonly SaslScene _scene = new();

    [Fact]
    public async Task Everybody_gets_an_address_of_their_own()
    {
        var first = SaslScene.AssertSucceeds(await SaslScene.Send(Start(), null));
        var second = SaslScene.AssertSucceeds(await SaslScene.Send(Start(), null));

        Assert.True(first.IsAnonymous);
        Assert.Equal((SaslScene.Host, true), (first.Account.Domain, first.Account.IsBare));
        Assert.True(Guid.TryParse(first.Account.Local, out _));
        Assert.NotEqual(first.Account, second.Account);
        Assert.Equal(0, _scene.Accounts.Lookups);
    }

    /// <summary>RFC 4505 §2: at most 255 characters, each of up to four octets; RFC 6120 §6.5.8.</summary>
    [Theory]
    [InlineData("", 1, true)]
    [InlineData("sirhc", 1, true)]
    [InlineData("a", 255, true)]
    [InlineData("\U0001F600", 255, true)]
    [InlineData("a", 256, false)]
    [InlineData("\U0001F600", 256, false)]
    [InlineData("\0", 1, false)]
    public async Task Trace_data_is_taken_and_forgotten(string trace, int times, bool accepted)
    {
        var outcome = await SaslScene.Send(Start(), string.Concat(Enumerable.Repeat(trace, times)));

        if (accepted)
            Assert.DoesNotContain("sirhc", SaslScene.AssertSucceeds(outcome).Account.ToString(), StringComparison.Ordinal);
        else
            SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, outcome);
    }

    private ISaslExchange Start() => new AnonymousMechanism().Start(_scene.Context);
}
