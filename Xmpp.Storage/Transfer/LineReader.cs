namespace Xmpp.Storage.Transfer;

/// <summary>Reads a file line by line, each as octets that stay until the next.</summary>
/// <param name="maxLength">Of a line, more or less.</param>
internal sealed class LineReader(Stream stream, int maxLength = LineReader.MaxLength) : IDisposable
{
    /// <summary>The largest value that a configuration allows an account to keep is 256 MiB.</summary>
    public const int MaxLength = 512 * 1024 * 1024;

    private byte[] _buffer = new byte[Math.Min(256 * 1024, maxLength)];
    private int _start;
    private int _end;

    /// <summary>The number of the line that was read last.</summary>
    public long Number { get; private set; }

    /// <summary>Whether nothing is behind the line that was read last.</summary>
    public bool IsAtEnd => _start == _end && stream.ReadByte() < 0;

    /// <returns>The line without its line feed; null at the end of the file, and for a last line that has none.</returns>
    /// <exception cref="FormatException">The line is too long.</exception>
    public ReadOnlyMemory<byte>? Read()
    {
        var searched = _start;
        while (true)
        {
            var feed = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + feed - _start);
                _start = searched + feed + 1;
                Number++;
                return line;
            }

            searched = _end - _start;
            MakeRoom();
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
                return null;
            _end += read;
        }
    }

    public void Dispose() => stream.Dispose();

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end < _buffer.Length)
            return;
        if (_buffer.Length >= maxLength)
            throw new FormatException("the line is too long");
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
