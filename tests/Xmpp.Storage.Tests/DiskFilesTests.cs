using System.IO.Pipelines;
using Xmpp.Core.Storage;
using Xmpp.Storage.Disk;
using Xunit;

namespace Xmpp.Storage.Tests;

public sealed class DiskFilesTests : FileStoreContract
{
    private readonly TemporaryDirectory _directory = new();

    public override ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_a_killed_process_leaves_is_swept_away_or_written_over()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var left = Directory.CreateDirectory(Path.Combine(_directory.Path, "incoming"));
        File.WriteAllText(Path.Combine(left.FullName, Id), "{}\nnot all of it, and longer than what comes");
        File.WriteAllText(Path.Combine(left.FullName, NewId()), "{}\n");
        var files = await OpenAsync();

        Assert.True(await files.AddAsync(Id, "{}"u8.ToArray(), 3, PipeReader.Create(new MemoryStream(Bytes(3))), cancellation));
        await files.SweepAsync(cancellation);

        Assert.Equal(1, await CountPartsAsync());
        Assert.Equal(6, new FileInfo(Path.Combine(_directory.Path, Id[..2], Id)).Length);
    }

    protected override ValueTask<IFileStore> OpenAsync() => new(new DiskFiles(_directory.Path));

    protected override ValueTask<long> CountPartsAsync() =>
        new(Directory.EnumerateFiles(_directory.Path, "*", SearchOption.AllDirectories).LongCount());
}
