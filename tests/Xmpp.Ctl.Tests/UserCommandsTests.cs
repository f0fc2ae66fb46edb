using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class UserCommandsTests : CtlFixture
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_account_lives_from_add_to_delete_with_and_without_a_server(bool withServer)
    {
        if (withServer)
            StartServer();
        Input = "secret\n";
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", "romeo@localhost", "--password-stdin"));
        Assert.Equal("Added romeo@localhost.\n", Printed);
        Assert.Equal(ExitCode.Failed, await RunAsync("user", "add", "romeo@localhost", "--password-stdin"));
        Assert.Equal("romeo@localhost exists already.\n", Complaints);
        Assert.True(await HasPasswordAsync("romeo@localhost", "secret"));

        Input = "changed\n";
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "passwd", "romeo@localhost", "--password-stdin"));
        Assert.True(await HasPasswordAsync("romeo@localhost", "changed"));

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "disable", "romeo@localhost"));
        Assert.False((bool)(await JsonAsync("user", "show", "romeo@localhost"))["account"]!["enabled"]!);
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "enable", "romeo@localhost"));
        Assert.True((bool)(await JsonAsync("user", "show", "romeo@localhost"))["account"]!["enabled"]!);

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "delete", "romeo@localhost", "--yes"));
        Assert.Equal(ExitCode.Failed, await RunAsync("user", "show", "romeo@localhost"));
        Assert.Equal("There is no account romeo@localhost.\n", Complaints);
    }

    [Theory]
    [InlineData("passwd")]
    [InlineData("delete")]
    [InlineData("disable")]
    [InlineData("enable")]
    [InlineData("show")]
    public async Task What_does_not_exist_is_said_and_fails(string command)
    {
        Input = "secret\n";
        string[] extra = command switch { "passwd" => ["--password-stdin"], "delete" => ["--yes"], _ => [] };

        Assert.Equal(ExitCode.Failed, await RunAsync(["user", command, "nobody@localhost", .. extra]));
        Assert.Equal("There is no account nobody@localhost.\n", Complaints);
        Assert.Empty(Printed);
    }

    [Fact]
    public async Task Accounts_are_listed_by_host_or_all()
    {
        await AddAsync("romeo@localhost", "juliet@example.org", "benvolio@localhost");

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "list"));
        Assert.Equal(["benvolio@localhost", "romeo@localhost", "juliet@example.org"], Rows.Select(row => row[0]));
        Assert.All(Rows, row => Assert.Equal("enabled", row[1]));
        Assert.All(Rows, row => Assert.Equal("never", row[3]));
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "list", "example.org"));
        Assert.Equal(["juliet@example.org"], Rows.Select(row => row[0]));
        Assert.Equal(3, (await JsonAsync("user", "list")).AsArray().Count);
        Assert.Equal(ExitCode.Usage, await RunAsync("user", "list", "elsewhere.example"));
    }

    [Fact]
    public async Task Show_tells_keys_and_sessions_but_no_key()
    {
        StartServer();
        await AddAsync("juliet@localhost");

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "show", "juliet@localhost"));

        Assert.Contains("SCRAM-SHA-256 (4096 iterations)", Printed, StringComparison.Ordinal);
        Assert.Contains("balcony from 192.0.2.2:40002", Printed, StringComparison.Ordinal);
        var stored = await Server!.Store.Accounts.FindAsync(Jid.Parse("juliet@localhost"), Cancellation);
        var json = (await JsonAsync("user", "show", "juliet@localhost")).ToJsonString();
        Assert.All(stored!.Keys, key => Assert.DoesNotContain(Convert.ToBase64String(key.StoredKey.Span), json, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Show_tells_all_there_is_of_a_user()
    {
        StartServer();
        await AddAsync("juliet@localhost");
        var (juliet, store) = (Jid.Parse("juliet@localhost"), Server!.Store);
        await store.Rosters.ApplyAsync(juliet, new(1)
        {
            Saved =
            [
                new(Jid.Parse("romeo@localhost")) { IsListed = true, Version = 1 },
                new(Jid.Parse("paris@localhost")) { IsApproved = true },
            ],
        }, Cancellation);
        await store.Offline.AddAsync(juliet, DateTimeOffset.UnixEpoch, "<message/>"u8.ToArray(), 10, Cancellation);
        await store.Offline.AddAsync(juliet, DateTimeOffset.UnixEpoch, "<message/>"u8.ToArray(), 10, Cancellation);

        Assert.Equal(ExitCode.Ok, await RunAsync("user", "show", "juliet@localhost"));

        Assert.Matches(@"Last log-in +never\n", Printed);
        Assert.Matches(@"Last seen +now\n", Printed);
        Assert.Matches(@"Contacts +1\n", Printed);
        Assert.Matches(@"Offline messages +2\n", Printed);
        Assert.Matches(@"Session +balcony from 192\.0\.2\.2:40002 since \S+ \S+, away, priority -1, connection lost\n", Printed);
        Assert.Matches(@"Session +phone from \[2001:db8::1\]:40001 since \S+ \S+, not available\n", Printed);
        var json = await JsonAsync("user", "show", "juliet@localhost");
        Assert.Equal(2, (int)json["offlineMessages"]!);
        Assert.Equal(1, (int)json["contacts"]!);
        Assert.Equal(-1, (int)json["sessions"]![0]!["priority"]!);
    }

    [Fact]
    public async Task Changing_an_account_ends_its_sessions_on_the_server()
    {
        StartServer();
        await AddAsync("juliet@localhost");

        await RunAsync("user", "disable", "juliet@localhost");

        Assert.Equal([("juliet@localhost", StreamErrorCondition.NotAuthorized)], Server!.Ended);
    }

    [Fact]
    public async Task A_password_is_asked_for_twice()
    {
        Secrets = new(["secret", "secret"]);
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", "romeo@localhost"));
        Assert.True(await HasPasswordAsync("romeo@localhost", "secret"));

        Secrets = new(["secret", "sekret"]);
        Assert.Equal(ExitCode.Usage, await RunAsync("user", "passwd", "romeo@localhost"));
        Assert.Equal("The passwords differ.\n", Complaints);
    }

    [Fact]
    public async Task A_generated_password_is_printed_once_and_works()
    {
        var password = (string?)(await JsonAsync("user", "add", "romeo@localhost", "--generate"))["password"];

        Assert.Equal(20, password!.Length);
        Assert.True(await HasPasswordAsync("romeo@localhost", password));
    }

    [Fact]
    public async Task A_password_on_the_command_line_is_warned_about()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", "romeo@localhost", "--password", "secret"));
        Assert.StartsWith("Warning: a password on the command line", Complaints, StringComparison.Ordinal);
        Assert.True(await HasPasswordAsync("romeo@localhost", "secret"));
    }

    [Theory]
    [InlineData("There is no terminal to ask for a password", "user", "add", "romeo@localhost")]
    [InlineData("Standard input has no password", "user", "add", "romeo@localhost", "--password-stdin")]
    [InlineData("A password needs at least one character", "user", "add", "romeo@localhost", "--password", "")]
    [InlineData("exclude each other", "user", "add", "romeo@localhost", "--password", "x", "--generate")]
    [InlineData("'localhost' is not what was expected", "user", "add", "localhost", "--generate")]
    [InlineData("'romeo@localhost/orchard' is not what was expected", "user", "add", "romeo@localhost/orchard", "--generate")]
    [InlineData("b.example is not served here; the hosts are: localhost, example.org", "user", "add", "romeo@b.example", "--generate")]
    [InlineData("There is no terminal to ask for confirmation", "user", "delete", "romeo@localhost")]
    public async Task A_wrong_command_line_is_refused(string complaint, params string[] arguments)
    {
        Assert.Equal(ExitCode.Usage, await RunAsync(arguments));
        Assert.Contains(complaint, Complaints, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n\n", ExitCode.Failed)]
    [InlineData("\n", ExitCode.Failed)]
    [InlineData("y\n", ExitCode.Ok)]
    public async Task Deleting_asks_first(string answer, ExitCode code)
    {
        await AddAsync("romeo@localhost");
        Secrets = new();
        Input = answer;

        Assert.Equal(code, await RunAsync("user", "delete", "romeo@localhost"));
        Assert.Contains("Delete romeo@localhost and all its data? [y/N]", Complaints, StringComparison.Ordinal);
        Assert.Equal(code is ExitCode.Failed, await FindAsync("romeo@localhost") is not null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Import_creates_what_it_can_and_names_the_rest_by_line(bool withServer)
    {
        if (withServer)
            StartServer();
        await AddAsync("romeo@localhost");
        var file = Files.Write("users", """
            # The Capulets
            juliet@example.org star crossed

            nurse@localhost	angelica
            romeo@localhost again
            tybalt
            duke@verona.example prince
            not/an@address secret
            """);

        Assert.Equal(ExitCode.Failed, await RunAsync("user", "import", file));

        Assert.Equal("Added 2 accounts, 4 failed.\n", Printed);
        Assert.Equal(
            [
                "Line 5: romeo@localhost exists already",
                "Line 6: expected an address, a blank and a password",
                "Line 7: verona.example is not served here; the hosts are: localhost, example.org",
                "Line 8: 'not/an@address' is not the address of an account, such as romeo@example.org",
            ],
            Complaints.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.True(await HasPasswordAsync("juliet@example.org", "star crossed"));
        Assert.True(await HasPasswordAsync("nurse@localhost", "angelica"));
    }

    [Fact]
    public async Task Import_reads_standard_input()
    {
        Input = string.Concat(Enumerable.Range(0, 20).Select(i => $"user{i}@localhost password{i}\n"));

        Assert.Equal(20, (int)(await JsonAsync("user", "import", "-"))["added"]!);
        Assert.True(await HasPasswordAsync("user7@localhost", "password7"));
    }

    private async Task AddAsync(params string[] jids)
    {
        foreach (var jid in jids)
            Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", jid, "--generate"));
    }

    private async Task<bool> HasPasswordAsync(string jid, string password) =>
        await FindAsync(jid) is { } account && PasswordKeys.Verify(password, account.Keys);

    private async Task<Account?> FindAsync(string jid)
    {
        await using var store = SqliteStore.Open(Files["test.db"]);
        return await store.Accounts.FindAsync(Jid.Parse(jid), Cancellation);
    }
}
