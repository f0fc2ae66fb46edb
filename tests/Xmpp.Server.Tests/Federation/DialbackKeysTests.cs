using Xmpp.Server.Federation;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

public sealed class DialbackKeysTests
{
    /// <summary>The examples of XEP-0220 §2.1.1 and §2.1.2.</summary>
    [Theory]
    [InlineData("s3cr3tf0rd14lb4ck", "montague.example", "capulet.example", "D60000229F",
        "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3")]
    [InlineData("d14lb4ck43v3r", "capulet.example", "montague.example", "417GAF25",
        "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d")]
    public void Keys_are_those_of_the_specification(string secret, string receiving, string originating, string id, string key)
    {
        var keys = new DialbackKeys(System.Text.Encoding.ASCII.GetBytes(secret));
        Assert.Equal(key, keys.Create(receiving, originating, id));
        Assert.True(keys.IsValid(key, receiving, originating, id));
        Assert.False(keys.IsValid(key, receiving, originating, id + "x"));
        Assert.False(keys.IsValid(key, originating, receiving, id));
        Assert.False(keys.IsValid("", receiving, originating, id));
    }

    [Theory]
    [InlineData("example.org", "example.org", true)]
    [InlineData("example.org", "a.example.org", false)]
    [InlineData("*.example.org", "a.example.org", true)]
    [InlineData("*.example.org", "b.a.example.org", true)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", "badexample.org", false)]
    [InlineData("*", "anything.example", true)]
    public void Patterns_say_which_domains_are_meant(string pattern, string domain, bool isMeant) =>
        Assert.Equal(isMeant, new DomainPatterns([DomainPatterns.TryNormalize(pattern)!]).Contains(domain));

    [Theory]
    [InlineData("example.org", true)]
    [InlineData("xmpp.example.co", true)]
    [InlineData("localhost", false)]
    [InlineData("server", false)]
    [InlineData("chat.localhost", false)]
    [InlineData("printer.local", false)]
    [InlineData("a.test", false)]
    [InlineData("a.home.arpa", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("[2001:db8::1]", false)]
    public void Only_names_that_others_can_find_federate_by_themselves(string host, bool isPublic) =>
        Assert.Equal(isPublic, new FederationPolicy(new()).Federates(host));
}
