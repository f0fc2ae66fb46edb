namespace Xmpp.Storage.Transfer;

/// <summary>
/// A file that only its owner can read and that is there whole or not at all: until <see cref="Finish"/> it has another name.
/// </summary>
public sealed class NewFile : IDisposable
{
    private const int BufferSize = 1024 * 1024;

    private readonly string _path;
    private readonly string _unfinished;
    private FileStream? _stream;

    private NewFile(string path, string unfinished, FileStream stream) => (_path, _unfinished, _stream) = (path, unfinished, stream);

    /// <exception cref="TransferException">There is a file of that name.</exception>
    /// <exception cref="IOException">It can't be made.</exception>
    public static NewFile Create(string path)
    {
        path = Path.GetFullPath(path);
        if (Path.Exists(path))
            throw AlreadyThere(path);

        var unfinished = path + ".part";
        // Left by a run that was killed; made anew, so that nobody else has it open.
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = BufferSize };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, unfinished, new FileStream(unfinished, options));
    }

    public Stream Stream => _stream ?? throw new ObjectDisposedException(nameof(NewFile));

    /// <summary>Gives it its name, once it is on the disk.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Finish()
    {
        _stream!.Flush(flushToDisk: true);
        _stream.Dispose();
        _stream = null;
        if (Path.Exists(_path))
            throw AlreadyThere(_path);
        File.Move(_unfinished, _path);
    }

    /// <summary>Removes it unless it was finished.</summary>
    public void Dispose()
    {
        if (_stream is null)
            return;

        _stream.Dispose();
        _stream = null;
        File.Delete(_unfinished);
    }

    private static TransferException AlreadyThere(string path) => new($"{path} exists already: choose another name.");
}
