using Xmpp.Core.Storage;
using Xmpp.Storage.S3;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Storage.Tests.S3;

public sealed class S3FilesContractTests(S3Server server) : FileStoreContract, IClassFixture<S3Server>
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _prefix = $"{NewId()}/";
    private readonly List<S3Files> _opened = [];

    public override ValueTask DisposeAsync()
    {
        foreach (var files in _opened)
            files.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override async ValueTask<IFileStore> OpenAsync()
    {
        await server.StartAsync();
        var files = new S3Files(OptionsOf(server, _directory, _prefix), TimeProvider.System);
        _opened.Add(files);
        return files;
    }

    protected override ValueTask<long> CountPartsAsync() => new(
        server.Objects.LongCount(path => path.Contains($"/{_prefix}", StringComparison.Ordinal))
        + Directory.EnumerateFiles(_directory.Path, "*", SearchOption.AllDirectories).LongCount());

    /// <param name="directory">Where files may be until they are whole.</param>
    internal static S3FilesOptions OptionsOf(
        S3Server server, TemporaryDirectory directory, string prefix, string? bucket = null, string? key = null, string? secret = null,
        Action<string?>? changed = null) => new()
        {
            Endpoint = server.Endpoint,
            Bucket = bucket ?? S3Server.Bucket,
            Prefix = prefix,
            AccessKey = key ?? S3Server.Key,
            SecretKey = secret ?? S3Server.Key,
            Incoming = Path.Combine(directory.Path, "incoming"),
            Changed = changed,
            // Files have more than one page.
            PageSize = 2,
        };
}
