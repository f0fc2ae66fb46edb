using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class S2sCommandsTests : CtlFixture
{
    [Fact]
    public async Task Connections_are_listed_in_both_directions()
    {
        StartServer();
        Server!.Federation = new FakeFederation();

        Assert.Equal(ExitCode.Ok, await RunAsync("s2s", "list"));
        Assert.Equal(
            [
                ["localhost", "example.net", "out", "192.0.2.1:5269", "TLSv1.3", "EXTERNAL", "0", "-"],
                ["localhost", "example.net", "in", "192.0.2.1:40000", "TLSv1.3", "dialback", "0", "-"],
                ["example.org", "example.com", "out", "-", "-", "-", "3", "no address"],
            ],
            Rows);
        var listed = await JsonAsync("s2s", "list", "Example.COM");
        Assert.Equal((3, "no address"), ((int)listed[0]!["waiting"]!, (string)listed[0]!["failure"]!));
        Assert.Empty((await JsonAsync("s2s", "list", "example.edu")).AsArray());
    }

    [Fact]
    public async Task Connections_with_a_domain_are_closed()
    {
        StartServer();
        var federation = new FakeFederation();
        Server!.Federation = federation;

        Assert.Equal(ExitCode.Ok, await RunAsync("s2s", "close", "example.net"));
        Assert.Equal("Closed 2 connections.\n", Printed);
        Assert.Equal("example.com", Assert.Single(federation.Links).Remote);
        Assert.Equal(1, (int)(await JsonAsync("s2s", "close", "example.com"))["closed"]!);
        Assert.Equal(ExitCode.Failed, await RunAsync("s2s", "close", "example.com"));
        Assert.Equal("Closed 0 connections.\n", Printed);
        Assert.Equal(ExitCode.Usage, await RunAsync("s2s", "close", "romeo@example.net"));
        Assert.Equal(ExitCode.Usage, await RunAsync("s2s", "close"));
    }

    [Theory]
    [InlineData("example.net", ExitCode.Ok, "- from localhost to example.net\n")]
    [InlineData("example.com", ExitCode.Failed, "- from localhost to example.com\nFAILED: example.com has no address in the DNS\n")]
    public async Task A_test_says_what_it_does_and_fails_with_the_last_step(string domain, ExitCode code, string printed)
    {
        StartServer();
        Server!.Federation = new FakeFederation();

        Assert.Equal(code, await RunAsync("s2s", "test", domain));
        Assert.Equal(printed, Printed);
    }

    [Fact]
    public async Task A_server_that_does_not_federate_says_so()
    {
        StartServer();

        Assert.Equal(ExitCode.Failed, await RunAsync("s2s", "close", "example.net"));
        Assert.Contains("This server doesn't talk to others", Complaints, StringComparison.Ordinal);
    }
}
