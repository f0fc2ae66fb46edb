using Xmpp.Storage;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Ctl.Tests;

/// <summary>The store is a MongoDB.</summary>
public sealed class MongodbTests : CtlFixture
{
    private const string Variable = "XMPPCHAT_TEST_MONGODB";

    [Fact]
    public async Task A_database_that_is_not_there_is_told_of_without_the_password()
    {
        Configure("mongodb://juliet:secret@127.0.0.1:1/?serverSelectionTimeoutMS=200");

        Assert.Equal(ExitCode.Failed, await RunAsync("check"));
        var row = Rows.Single(row => row[1] == "store");
        Assert.Equal("FAILED", row[0]);
        Assert.Contains("no primary can be reached", row[2], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Printed, StringComparison.Ordinal);

        Assert.Equal(ExitCode.Failed, await RunAsync("user", "list"));
        Assert.StartsWith("mongodb.uri (mongodb://127.0.0.1:1/xmppchat): no primary", Complaints, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Complaints, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_and_invitations_are_managed_in_the_database_while_no_server_runs()
    {
        var uri = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(uri), $"{Variable} names no MongoDB; test.sh starts one.");
        var database = $"xmppchat_test_{Guid.NewGuid():n}";
        Configure(uri!, database);
        try
        {
            Assert.Equal(ExitCode.Ok, await RunAsync("check"));
            Assert.Contains($"/{database}: nothing there yet", Printed, StringComparison.Ordinal);

            Input = "correct horse battery staple\n";
            Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", "juliet@localhost", "--password-stdin"));
            Assert.Equal("juliet@localhost", Assert.Single((await JsonAsync("user", "list")).AsArray())!["jid"]!.GetValue<string>());
            Assert.Equal(ExitCode.Ok, await RunAsync("check"));
            Assert.Contains($"/{database}, schema ", Printed, StringComparison.Ordinal);
        }
        finally
        {
            await DropAsync(uri!, database);
        }
    }

    private static async Task DropAsync(string uri, string database)
    {
        await using var connection = MongoConnection.Open(new() { Uri = uri, Database = database }, new StoreHealth(() => { }));
        await connection.CommandAsync(BsonDocument.Build(drop => drop.Int32("dropDatabase", 1)), static _ => true, CancellationToken.None);
    }

    private void Configure(string uri, string? database = null) => ConfigurationFile = Files.Write("config/mongodb.json", $$"""
        {
          "store": "mongodb",
          "mongodb": { "uri": "{{uri}}"{{(database is null ? "" : $""", "database": "{database}" """)}} },
          "control": { "socket": "control/ctl.sock" },
          "listeners": [{ "address": "127.0.0.1", "port": 0 }],
          "http": { "listeners": [] },
          "authentication": { "scramIterations": 4096 }
        }
        """);
}
