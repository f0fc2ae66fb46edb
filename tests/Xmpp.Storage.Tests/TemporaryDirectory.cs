namespace Xmpp.Storage.Tests;

/// <summary>A directory of its own for a test, gone with it.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("xmpp-storage-").FullName;

    public string Database => System.IO.Path.Combine(Path, "xmppchat.db");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
