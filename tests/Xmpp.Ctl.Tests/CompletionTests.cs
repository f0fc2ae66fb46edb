using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class CompletionTests : CtlFixture
{
    [Fact]
    public async Task Commands_are_suggested() =>
        Assert.Equal(
            ["add", "clients", "delete", "disable", "enable", "export", "import", "list", "passwd", "show"],
            (await SuggestAsync("user ")).Where(word => char.IsLetter(word[0])));

    [Fact]
    public async Task Accounts_are_suggested()
    {
        await RunAsync("user", "add", "romeo@localhost", "--generate");
        await RunAsync("user", "add", "juliet@example.org", "--generate");

        Assert.Equal(
            ["romeo@localhost"],
            (await SuggestAsync($"--config {ConfigurationFile} user passwd r")).Where(word => char.IsLetter(word[0])));
    }

    [Fact]
    public async Task Sessions_are_suggested_while_the_server_runs()
    {
        Assert.DoesNotContain(await SuggestAsync($"--config {ConfigurationFile} session kick "), word => word.Contains('@'));
        StartServer();
        Assert.Contains("juliet@localhost/phone", await SuggestAsync($"--config {ConfigurationFile} session kick "));
    }

    private static async Task<string[]> SuggestAsync(string line)
    {
        await using var output = new StringWriter();
        var terminal = new Terminal
        {
            In = TextReader.Null,
            Out = output,
            Error = output,
            IsInteractive = false,
            Width = null,
            ReadSecret = _ => null,
        };
        Assert.Equal(ExitCode.Ok, await XmppCtl.RunAsync([$"[suggest:{line.Length}]", line], terminal, Cancellation));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
