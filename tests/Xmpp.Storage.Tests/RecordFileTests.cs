using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Storage.Sqlite;
using Xmpp.Storage.Transfer;
using Xunit;

namespace Xmpp.Storage.Tests;

/// <summary>Files that are damaged, incomplete or of another version: nothing of them gets into a store.</summary>
public sealed class RecordFileTests : IAsyncLifetime
{
    private static readonly StoreMover Mover = new(TimeProvider.System, _ => { });

    private readonly TemporaryDirectory _directory = new();
    private string[] _lines = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory.Path, "store");

    public async ValueTask InitializeAsync()
    {
        await using var source = SqliteStore.Open(Path.Combine(_directory.Path, "source.db"));
        foreach (var name in (string[])["juliet", "romeo"])
        {
            var jid = Jid.Parse($"{name}@example.org");
            await source.Accounts.AddAsync(new(jid, [], true, DateTimeOffset.UnixEpoch, null), CancellationToken.None);
            await source.BlockLists.ChangeAsync(jid, [Jid.Parse("a@b"), Jid.Parse("c@d")], [], CancellationToken.None);
            await source.Offline.AddAsync(jid, DateTimeOffset.UnixEpoch, "<message/>"u8.ToArray(), 9, CancellationToken.None);
        }

        await Mover.ExportAsync(source, File, "test", CancellationToken.None);
        _lines = await System.IO.File.ReadAllLinesAsync(File, Cancellation);
        Assert.Equal(11, _lines.Length);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public Task As_it_was_made_it_is_taken() => ImportAsync();

    [Fact]
    public async Task A_file_that_was_cut_anywhere_is_refused()
    {
        var whole = await System.IO.File.ReadAllBytesAsync(File, Cancellation);
        // Also in the middle of a line, and without nothing but the last line feed.
        for (var length = 0; length < whole.Length; length += length < whole.Length - 200 ? 97 : 1)
        {
            await System.IO.File.WriteAllBytesAsync(File, whole[..length], Cancellation);
            Assert.Contains(File, await RefusalAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_in_which_an_octet_changed_is_refused()
    {
        var whole = await System.IO.File.ReadAllBytesAsync(File, Cancellation);
        for (var i = Array.IndexOf(whole, (byte)'\n'); i < whole.Length; i += 13)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= 1;
            await System.IO.File.WriteAllBytesAsync(File, damaged, Cancellation);
            await RefusalAsync();
        }
    }

    [Fact]
    public async Task A_newer_version_is_refused_by_its_name()
    {
        _lines[0] = _lines[0].Replace("\"version\":4", "\"version\":5", StringComparison.Ordinal);
        Assert.Contains("has version 5 of the format, and this xmppctl reads versions up to 4", await RefusalAsync(_lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("romeo@example.org secret\n")]
    [InlineData("{}\n")]
    [InlineData("[]\n")]
    [InlineData("{\"format\":\"another\",\"version\":1}\n")]
    public async Task Another_file_is_refused(string text)
    {
        await System.IO.File.WriteAllTextAsync(File, text, Cancellation);
        await RefusalAsync();
    }

    [Theory]
    [InlineData(2, "{\"kind\":\"surprise\"}", "'surprise' is unknown here")]
    [InlineData(2, "{\"kind\":\"blocked\"}", "something is missing")]
    [InlineData(2, "{\"kind\":\"blocked\",\"jid\":7}", "line 3")]
    [InlineData(2, "{\"kind\":\"blocked\",\"jid\":\"@\"}", "'@' is no JID")]
    [InlineData(2, "{\"kind\":\"blocked\",\"jid\":null}", "not null")]
    [InlineData(2, "{\"kind\":\"account\",\"jid\":\"a@b/c\"}", "no address of an account")]
    [InlineData(2, "{\"kind\":\"secret\",\"name\":\"n\",\"base64\":\"?\"}", "line 3")]
    [InlineData(2, "{\"kind\":\"contact\",\"jid\":\"a@b\",\"version\":1,\"listed\":true,\"subscription\":\"none\",\"request\":\"<a>\"}", "line 3")]
    [InlineData(2, "{\"kind\":\"data\",\"of\":\"k\",\"key\":\"\",\"value\":\"\\ud800\"}", "line 3")]
    [InlineData(2, "nonsense", "line 3")]
    [InlineData(1, "{\"kind\":\"blocked\",\"jid\":\"a@b\"}", "belongs to an account")]
    [InlineData(1, "{\"kind\":\"roomMember\",\"jid\":\"a@b\",\"affiliation\":\"owner\",\"version\":0}", "belongs to a room")]
    [InlineData(2, "{\"kind\":\"room\",\"jid\":\"b\",\"created\":\"2026-11-20T00:00:00Z\"}", "no address of a room")]
    public async Task A_wrong_line_is_named(int line, string text, string problem)
    {
        _lines[line] = text;
        Assert.Contains(problem, await RefusalAsync(_lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(2, 4)]
    [InlineData(1, 5)]
    [InlineData(4, 5)]
    public async Task Lines_in_another_order_are_refused(int one, int other)
    {
        (_lines[one], _lines[other]) = (_lines[other], _lines[one]);
        await RefusalAsync(Sealed());
    }

    [Fact]
    public async Task A_line_that_comes_twice_or_is_missing_is_refused()
    {
        await RefusalAsync([.. _lines[..3], .. _lines[2..]]);
        await RefusalAsync([.. _lines[..2], .. _lines[3..]]);
        await RefusalAsync([.. _lines, _lines[^1]]);
    }

    [Fact]
    public async Task Nothing_may_stand_behind_the_end()
    {
        await System.IO.File.AppendAllTextAsync(File, "x", Cancellation);
        Assert.Contains("behind the end", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_endless_line_takes_only_so_much_memory()
    {
        using var lines = new LineReader(new MemoryStream(Encoding.UTF8.GetBytes($"{new string('a', 1000)}\n{new string('b', 3000)}\n")), 1024);

        Assert.Equal(1000, lines.Read()!.Value.Length);
        Assert.Throws<FormatException>(() => lines.Read());
    }

    /// <summary>The lines with a checksum that fits.</summary>
    private string[] Sealed()
    {
        var content = string.Concat(_lines[1..^1].Select(line => line + "\n"));
        var before = _lines[^1][..(_lines[^1].IndexOf("sha256", StringComparison.Ordinal) + 9)];
        return [.. _lines[..^1], $"{before}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))}\"}}"];
    }

    private async Task<string> RefusalAsync(string[]? lines = null)
    {
        if (lines is not null)
            await System.IO.File.WriteAllLinesAsync(File, lines, Cancellation);
        return (await Assert.ThrowsAsync<TransferException>(ImportAsync)).Message;
    }

    /// <summary>Whatever comes of it: what was refused has left nothing.</summary>
    private async Task ImportAsync()
    {
        await using var target = SqliteStore.Open(Path.Combine(_directory.Path, $"{Guid.NewGuid()}.db"));
        try
        {
            await Mover.ImportAsync(File, target, CancellationToken.None);
        }
        catch (TransferException)
        {
            Assert.Equal(0, (await target.Transfer.CountAsync(DateTimeOffset.UnixEpoch, CancellationToken.None)).Total);
            Assert.Null(await TransferMark.FindAsync(target, CancellationToken.None));
            throw;
        }
    }
}
