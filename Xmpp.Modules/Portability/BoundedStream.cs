namespace Xmpp.Modules.Portability;

/// <summary>A file of which only so much is read until somebody says that this was no more than a part of it.</summary>
internal sealed class BoundedStream(string path, int limit)
    : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 * 1024)
{
    private long _taken;

    /// <summary>Since the beginning.</summary>
    public long Taken { get; private set; }

    /// <summary>Lets as much be read again.</summary>
    public void BeginPart() => _taken = 0;

    public override int Read(byte[] buffer, int offset, int count) => Count(base.Read(buffer, offset, count));

    public override int Read(Span<byte> buffer) => Count(base.Read(buffer));

    private int Count(int read)
    {
        Taken += read;
        _taken += read;
        return _taken <= limit ? read : throw new PortableException($"{Name} has an element of more than {limit} bytes.");
    }
}
