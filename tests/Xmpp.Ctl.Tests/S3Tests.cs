using Xmpp.Testing;
using Xunit;

namespace Xmpp.Ctl.Tests;

/// <summary>What people upload is in an S3 store.</summary>
public sealed class S3Tests : CtlFixture
{
    [Fact]
    public async Task A_store_is_examined()
    {
        await using var store = new S3Server();
        await store.StartAsync();
        Configure(store, S3Server.Key);

        Assert.Equal(ExitCode.Ok, await RunAsync("check"));

        Assert.Equal(
            ["ok", "uploads", "objects of uploads can be listed, put, fetched and deleted"], Rows.Single(row => row[1] == "uploads"));
        Assert.Empty(store.Objects);
    }

    [Fact]
    public async Task What_a_store_refuses_is_told_without_the_secret()
    {
        await using var store = new S3Server();
        await store.StartAsync();
        Configure(store, "to be or not");

        Assert.Equal(ExitCode.Failed, await RunAsync("check"));

        var row = Rows.Single(row => row[1] == "uploads");
        Assert.Equal("FAILED", row[0]);
        Assert.Contains("http.s3.secretKey: it doesn't belong to http.s3.accessKey", row[2], StringComparison.Ordinal);
        Assert.DoesNotContain("to be or not", Printed, StringComparison.Ordinal);
    }

    private void Configure(S3Server store, string secret) => ConfigurationFile = Files.Write("config/s3.json", $$"""
        {
          "sqlite": { "file": "test.db" }, "control": { "socket": "control/ctl.sock" }, "listeners": [{ "port": 0 }],
          "http": {
            "listeners": [], "uploadStore": "s3",
            "s3": { "endpoint": "{{store.Endpoint}}", "bucket": "uploads", "accessKey": "S3RVER", "secretKey": "{{secret}}" }
          }
        }
        """);
}
