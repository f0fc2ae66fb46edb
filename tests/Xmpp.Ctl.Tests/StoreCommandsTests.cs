using System.Text.Json.Nodes;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xmpp.Storage.Transfer;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class StoreCommandsTests : CtlFixture
{
    private string Configured => Files["test.db"];

    [Fact]
    public async Task A_store_goes_through_a_file()
    {
        await FillAsync();

        Assert.Equal(ExitCode.Ok, await RunAsync("store", "export", Files["out"]));
        Assert.Contains($"Exported {Configured} to {Files["out"]}. All counts agree:", Printed, StringComparison.Ordinal);
        Assert.Contains(Rows, row => row is ["offline messages", "3"]);
        Assert.Equal(ExitCode.Ok, await RunAsync("store", "import", Files["out"], "--to", $"sqlite:{Files["other.db"]}"));
        var imported = await CountAsync(Files["other.db"]);

        Assert.Equal((2, 3), (imported[RecordKind.Account], imported[RecordKind.Message]));
    }

    [Fact]
    public async Task Scripts_get_counts_and_the_checksum_of_what_was_moved()
    {
        await FillAsync();

        var exported = await JsonAsync("store", "export", Files["out"]);
        var copied = await JsonAsync("store", "copy", "--to", $"sqlite:{Files["other.db"]}");

        Assert.Equal(3, (int)exported["counts"]!["message"]!);
        Assert.Equal(0, (int)exported["counts"]!["lastSeen"]!);
        Assert.True(JsonNode.DeepEquals(exported["counts"], copied["counts"]));
        Assert.Equal((string)exported["sha256"]!, (string)copied["sha256"]!);
        Assert.Null(exported["resumedBehind"]);
        Assert.Empty(Complaints);
    }

    [Fact]
    public async Task Stores_are_also_named_by_the_environment_and_by_standard_input()
    {
        await FillAsync();
        Environment.SetEnvironmentVariable("STORE_FOR_THE_TEST", $"sqlite:{Files["one.db"]}");
        Input = $"sqlite:{Files["two.db"]}\n";

        Assert.Equal(ExitCode.Ok, await RunAsync("store", "copy", "--from", "sqlite", "--to", "env:STORE_FOR_THE_TEST"));
        Assert.Equal(ExitCode.Ok, await RunAsync("store", "copy", "--from", "env:STORE_FOR_THE_TEST", "--to", "-"));

        Assert.Equal(3, (await CountAsync(Files["two.db"]))[RecordKind.Message]);
    }

    [Theory]
    [InlineData("copy")]
    [InlineData("copy", "--from", "sqlite", "--to", "sqlite")]
    [InlineData("copy", "--to", "sqlite:test.db")]
    [InlineData("copy", "--from", "sqlite:nothing.db")]
    [InlineData("copy", "--from", "env:NO_STORE_FOR_THE_TEST")]
    [InlineData("copy", "--from", "-")]
    [InlineData("copy", "--to", "mongodb")]
    [InlineData("copy", "--from", "postgres://localhost/")]
    [InlineData("export")]
    public async Task What_names_no_two_stores_is_a_mistake(params string[] arguments)
    {
        await FillAsync();
        Assert.Equal(ExitCode.Usage, await RunAsync(
            ["store", .. arguments.Select(argument => argument == "sqlite:test.db" ? $"sqlite:{Configured}" : argument)]));
        Assert.NotEmpty(Complaints);
    }

    [Fact]
    public async Task While_the_server_runs_nothing_is_moved()
    {
        await using (SqliteStore.Open(Files["other.db"]))
        {
        }
        StartServer();

        Assert.Equal(ExitCode.Failed, await RunAsync("store", "export", Files["out"]));
        Assert.Contains("stop every server", Complaints, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, await RunAsync("store", "copy", "--from", $"sqlite:{Files["other.db"]}"));
        Assert.Contains("stop every server", Complaints, StringComparison.Ordinal);
        Assert.False(File.Exists(Files["out"]));

        // What it doesn't use may be.
        Assert.Equal(ExitCode.Ok, await RunAsync("store", "export", Files["out"], "--from", $"sqlite:{Files["other.db"]}"));
    }

    [Fact]
    public async Task Nor_while_another_process_has_the_file_open()
    {
        await using var other = SqliteStore.Open(Files["other.db"]);

        Assert.Equal(ExitCode.Failed, await RunAsync("store", "export", Files["out"], "--from", $"sqlite:{Files["other.db"]}"));
        Assert.Contains($"has {Files["other.db"]} open", Complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_there_is_not_replaced()
    {
        await FillAsync();
        Files.Write("out", "precious");

        Assert.Equal(ExitCode.Failed, await RunAsync("store", "export", Files["out"]));

        Assert.Equal("precious", await File.ReadAllTextAsync(Files["out"], Cancellation));
        Assert.Contains("exists already", Complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Problems_are_said_in_a_line()
    {
        await FillAsync();
        Files.Write("nonsense", "nonsense\n");

        Assert.Equal(ExitCode.Failed, await RunAsync("store", "import", Files["nonsense"], "--to", $"sqlite:{Files["other.db"]}"));
        Assert.StartsWith($"{Files["nonsense"]}, line 1: ", Complaints, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, await RunAsync("store", "import", Files["missing"], "--to", $"sqlite:{Files["other.db"]}"));
        await RunAsync("store", "export", Files["out"]);
        Assert.Equal(ExitCode.Failed, await RunAsync("store", "import", Files["out"]));
        Assert.Contains("is not empty: it has 2 accounts, ", Complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_incomplete_store_is_good_for_nothing_but_to_be_completed()
    {
        await FillAsync();
        await RunAsync("store", "export", Files["out"]);
        File.Delete(Configured);
        await using (var store = SqliteStore.Open(Configured))
            await store.Settings.SetAsync("", "transfer", """{"Source":"the old store","Last":null,"Sha256":null}""", Cancellation);

        foreach (var command in (string[])["user list", "invite list localhost", $"store export {Files["again"]}", $"host export localhost {Files["again"]}"])
        {
            Assert.Equal(ExitCode.Failed, await RunAsync(command.Split(' ')));
            Assert.Contains("is incomplete: it was being filled from the old store", Complaints, StringComparison.Ordinal);
        }
        Assert.Equal(ExitCode.Ok, await RunAsync("store", "import", Files["out"]));
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "list"));
    }

    [Fact]
    public async Task Progress_is_told_in_lines_where_there_is_no_terminal()
    {
        await using (var store = SqliteStore.Open(Configured))
        {
            var jid = Jid.Parse("romeo@localhost");
            await store.Accounts.AddAsync(new(jid, [], true, DateTimeOffset.UnixEpoch, null), Cancellation);
            for (var i = 0; i < 5; i++)
                await store.Transfer.RestoreAsync([.. Enumerable.Range(0, 500).Select(_ => new MessageRecord(jid, default, default))], Cancellation);
        }

        Assert.Equal(ExitCode.Ok, await RunAsync("store", "export", Files["out"]));
        Assert.Equal(
            ["Exporting offline messages: 1,000 of 2,501 records, 39 %", "Exporting offline messages: 2,000 of 2,501 records, 79 %"],
            Complaints.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private async Task FillAsync()
    {
        await using var store = SqliteStore.Open(Configured);
        foreach (var name in (string[])["romeo@localhost", "juliet@example.org"])
            await store.Accounts.AddAsync(new(Jid.Parse(name), [], true, DateTimeOffset.UnixEpoch, null), Cancellation);
        for (var i = 0; i < 3; i++)
            await store.Offline.AddAsync(Jid.Parse("romeo@localhost"), DateTimeOffset.UnixEpoch, "<message/>"u8.ToArray(), 10, Cancellation);
    }

    private static async Task<StoreCounts> CountAsync(string file)
    {
        await using var store = SqliteStore.Open(file);
        await TransferMark.RequireNoneAsync(store, Cancellation);
        return await store.Transfer.CountAsync(DateTimeOffset.UnixEpoch, Cancellation);
    }
}
