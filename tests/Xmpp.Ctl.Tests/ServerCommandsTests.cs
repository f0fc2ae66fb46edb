using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class ServerCommandsTests : CtlFixture
{
    [Theory]
    [InlineData("status")]
    [InlineData("reload")]
    [InlineData("log")]
    [InlineData("announce", "Hark!")]
    [InlineData("session", "list")]
    [InlineData("session", "kick", "romeo@localhost")]
    [InlineData("user", "clients", "romeo@localhost")]
    public async Task Without_a_server_the_exit_code_says_so(params string[] arguments)
    {
        Assert.Equal(ExitCode.ServerNotRunning, await RunAsync(arguments));
        Assert.StartsWith($"No server answers at {Files["control/ctl.sock"]}.", Complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_configuration_is_explained()
    {
        ConfigurationFile = Files.Write("config/wrong.json", """{ "hots": [] }""");

        Assert.Equal(ExitCode.Configuration, await RunAsync("status"));
        Assert.Equal("hots = []: unknown key; did you mean \"hosts\"?\n", Complaints);
    }

    [Theory]
    [InlineData("status", "--jso")]
    [InlineData("user", "ad")]
    [InlineData("completion", "tcsh")]
    [InlineData("session", "kick", "localhost")]
    public async Task A_wrong_command_line_has_its_own_exit_code(params string[] arguments) =>
        Assert.Equal(ExitCode.Usage, await RunAsync(arguments));

    [Fact]
    public async Task An_announcement_goes_to_one_host_or_to_all()
    {
        StartServer();

        Assert.Equal(ExitCode.Ok, await RunAsync("announce", "The theatre burns."));
        Assert.Equal("Sent to 3 users.\n", Printed);
        Assert.Equal(0, (int)(await JsonAsync("announce", "Hark!", "--host", "example.org"))["users"]!);
        Assert.Equal(ExitCode.Usage, await RunAsync("announce", "Hark!", "--host", "elsewhere.example"));

        Assert.Equal(
            [("localhost", "The theatre burns."), ("example.org", "The theatre burns."), ("example.org", "Hark!")], Server!.Announced);
    }

    [Fact]
    public async Task Status_shows_the_server()
    {
        StartServer();

        Assert.Equal(ExitCode.Ok, await RunAsync("status"));

        Assert.Contains($"{Environment.ProcessId}, up 1 min", Printed, StringComparison.Ordinal);
        Assert.Contains(":: port 5222, STARTTLS", Printed, StringComparison.Ordinal);
        Assert.Contains("localhost until 2029-02-22", Printed, StringComparison.Ordinal);
        Assert.Equal(Environment.ProcessId, (int)(await JsonAsync("status"))["pid"]!);
    }

    [Fact]
    public async Task Clients_are_listed_and_kept_out()
    {
        StartServer();
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", "juliet@localhost", "--generate"));
        var juliet = Jid.Parse("juliet@localhost");
        var token = await Server!.Clients.NoteLoginAsync(
            juliet, new ClientAgent("phone", "AwesomeXMPP", "Kiva's Phone"), "SCRAM-SHA-256", "HT-SHA-256-NONE",
            TestContext.Current.CancellationToken);
        Assert.NotNull(token);

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "clients", "juliet@localhost"));
        Assert.Matches("phone +AwesomeXMPP +Kiva's Phone +no .* password, token", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "clients", "juliet@localhost", "--revoke", "phone"));
        Assert.Equal("Ended the sessions and tokens of phone. It knows the password: to keep it out, set another one.\n", Printed);
        Assert.False((bool)(await JsonAsync("user", "clients", "juliet@localhost"))[0]!["hasToken"]!);
        Assert.Equal(ExitCode.Failed, await RunAsync("user", "clients", "juliet@localhost", "--revoke", "nobody"));
    }

    [Fact]
    public async Task Sessions_are_listed_and_kicked()
    {
        StartServer();

        Assert.Equal(ExitCode.Ok, await RunAsync("session", "list", "juliet@localhost"));
        Assert.Equal(["juliet@localhost/balcony", "192.0.2.2:40002", "TLSv1.2", "1970-01-01 00:00", "away", "-1", "away"], Rows[0]);
        Assert.Equal(["juliet@localhost/phone", "[2001:db8::1]:40001", "none", "1970-01-01 00:00", "-", "-", "connected"], Rows[1]);
        Assert.Equal(ExitCode.Ok, await RunAsync("session", "kick", "juliet@localhost/phone"));
        Assert.Equal("Ended 1 session.\n", Printed);
        Assert.Equal(ExitCode.Failed, await RunAsync("session", "kick", "juliet@localhost/phone"));
        Assert.Equal(2, (await JsonAsync("session", "list")).AsArray().Count);
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 0)]
    public async Task Hosts_are_listed_with_and_without_a_server(bool withServer, int sessions)
    {
        if (withServer)
            StartServer();
        await RunAsync("user", "add", "romeo@localhost", "--generate");

        var hosts = (await JsonAsync("host", "list")).AsArray();

        Assert.Equal(["localhost", "example.org"], hosts.Select(host => (string?)host!["host"]));
        Assert.Equal([1, 0], hosts.Select(host => (int)host!["accounts"]!));
        Assert.Equal([sessions, 0], hosts.Select(host => (int)host!["sessions"]!));
    }

    [Fact]
    public async Task Reload_says_what_came_of_it()
    {
        StartServer();
        Assert.Equal(ExitCode.Ok, await RunAsync("reload"));
        Assert.Equal("In force: log.level.\n", Printed);

        Server!.OnReload = () => new([], ["listeners"], [], ["soon over"]);
        Assert.Equal(ExitCode.Ok, await RunAsync("reload"));
        Assert.Equal("Nothing has changed. With the next start: listeners.\n", Printed);
        Assert.Equal("Warning: soon over\n", Complaints);

        Server.OnReload = () => new([], [], ["hots = 1: unknown key"], []);
        Assert.Equal(ExitCode.Failed, await RunAsync("reload"));
        Assert.Equal("Nothing was changed.\n", Printed);
        Assert.Equal("hots = 1: unknown key\n", Complaints);
    }

    [Fact]
    public async Task The_log_is_printed_as_lines_or_as_json()
    {
        StartServer();
        Events.Add(new(DateTimeOffset.UnixEpoch, LogLevel.Information, "Test", "one"));
        Events.Add(new(DateTimeOffset.UnixEpoch, LogLevel.Warning, "Test", "two"));

        Assert.Equal(ExitCode.Ok, await RunAsync("log"));
        Assert.Equal("1970-01-01T00:00:00.000Z info  Test  one\n1970-01-01T00:00:00.000Z warn  Test  two\n", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("log", "--lines", "1", "--json"));
        Assert.Equal("two", (string?)JsonNode.Parse(Printed)!["message"]);
        Assert.Equal(ExitCode.Ok, await RunAsync("log", "--level", "error"));
        Assert.Empty(Printed);
    }

    [Theory]
    [InlineData("bash", "complete -F _xmppctl xmppctl")]
    [InlineData("zsh", "compdef _xmppctl xmppctl")]
    [InlineData("fish", "complete --no-files --command xmppctl")]
    public async Task Completion_prints_a_script(string shell, string line)
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("completion", shell));
        Assert.Contains(line, Printed, StringComparison.Ordinal);
    }
}
