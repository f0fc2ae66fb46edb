using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Modules.Uploads;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class UploadCommandsTests : CtlFixture
{
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");

    [Fact]
    public async Task Files_are_listed_counted_and_removed()
    {
        StartServer();
        await AddAccountAsync();
        var (picture, letter) = (Add("romeo@localhost", "a.png", 100), Add("juliet@example.org", "b.txt", 50));

        var listed = await JsonAsync("upload", "list", "romeo@localhost");
        Assert.Equal([(picture, "a.png", 100)], listed.AsArray().Select(
            upload => ((string)upload!["id"]!, (string)upload["name"]!, (int)upload["size"]!)));
        Assert.Equal(2, (await JsonAsync("upload", "list")).AsArray().Count);
        Assert.Equal(letter, (string)(await JsonAsync("upload", "list", "example.org"))[0]!["id"]!);
        Assert.Equal(150, (int)(await JsonAsync("upload", "stats"))["bytes"]!);

        Assert.Equal(ExitCode.Ok, await RunAsync("upload", "delete", picture));
        Assert.Equal(ExitCode.Failed, await RunAsync("upload", "delete", picture));
        Assert.Equal($"There is no file {picture}.\n", Complaints);
        Assert.Equal(50, (int)(await JsonAsync("upload", "stats"))["bytes"]!);
    }

    [Fact]
    public async Task An_account_gets_a_quota_of_its_own()
    {
        StartServer();
        await AddAccountAsync();

        Assert.Equal(ExitCode.Ok, await RunAsync("upload", "quota", "romeo@localhost"));
        Assert.Equal("romeo@localhost may have 2,147,483,648 bytes.\n", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("upload", "quota", "romeo@localhost", "500MB"));
        Assert.Equal("romeo@localhost may have 524,288,000 bytes.\n", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("upload", "quota", "romeo@localhost", "0"));
        Assert.Equal("romeo@localhost may have any amount.\n", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("upload", "quota", "romeo@localhost", "default"));
        Assert.Equal("romeo@localhost may have 2,147,483,648 bytes.\n", Printed);
        Assert.Equal(ExitCode.Failed, await RunAsync("upload", "quota", "nobody@localhost", "1GB"));
        Assert.Equal("There is no account nobody@localhost.\n", Complaints);
        Assert.Equal(ExitCode.Usage, await RunAsync("upload", "quota", "romeo@localhost", "much"));
    }

    private async Task AddAccountAsync() => await Server!.Store.Accounts.AddAsync(
        new Account(Romeo, [], Enabled: true, DateTimeOffset.UnixEpoch, LastLogin: null), Cancellation);

    /// <summary>A file as it is on the disk.</summary>
    private string Add(string account, string name, int size)
    {
        var id = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
        var upload = new Upload(id, account, name, null, size, UploadPurpose.Message, DateTimeOffset.UtcNow, Expires: null);
        Files.Write($"uploads/{id[..2]}/{id}", $"{System.Text.Encoding.UTF8.GetString(upload.ToJson())}\n{new string('x', size)}");
        return id;
    }
}
