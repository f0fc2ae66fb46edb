namespace Xmpp.Server.Tests;

/// <summary>A directory of its own for a test, with a path short enough for Unix sockets.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("xmppchat-").FullName;

    /// <summary>The full path of something in the directory.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <returns>The full path of the file.</returns>
    public string Write(string name, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
