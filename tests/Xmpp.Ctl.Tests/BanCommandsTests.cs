using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class BanCommandsTests : CtlFixture
{
    [Fact]
    public async Task Domains_are_banned_listed_and_let_in_again()
    {
        StartServer();
        Server!.Federation = new FakeFederation();

        Assert.Equal(ExitCode.Ok, await RunAsync("ban", "domain", "Spam.Example"));
        Assert.Equal("spam.example and all below it is banned.\n", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("ban", "domain", "spam.example"));
        Assert.Equal("spam.example was banned already.\n", Printed);
        Assert.Equal(["spam.example"], (await JsonAsync("ban", "list")).AsArray().Select(domain => (string)domain!));
        Assert.Equal(ExitCode.Ok, await RunAsync("ban", "lift", "spam.example"));
        Assert.Equal("spam.example is not banned any more.\n", Printed);
        Assert.Equal(ExitCode.Failed, await RunAsync("ban", "lift", "spam.example"));
        Assert.Empty((await JsonAsync("ban", "list")).AsArray());
        Assert.Equal(ExitCode.Failed, await RunAsync("ban", "domain", "localhost"));
        Assert.Equal("localhost is this server's own.\n", Complaints);
        Assert.Equal(ExitCode.Usage, await RunAsync("ban", "domain", "romeo@spam.example"));
    }
}
