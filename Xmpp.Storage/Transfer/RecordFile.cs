using System.Text.Json;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>The file that a store was exported to (docs/storage.md): read from the beginning to the end, and checked on the way.</summary>
internal sealed class RecordFile : IDisposable
{
    private readonly string _path;
    private readonly LineReader _lines;
    private int _version;

    private RecordFile(string path, LineReader lines) => (_path, _lines) = (path, lines);

    /// <exception cref="TransferException">It is no such file, or of a newer version.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static RecordFile Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var file = new RecordFile(path, new LineReader(stream));
        try
        {
            file.ReadHeader();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The records, with their lines, which stay until the next.</summary>
    /// <param name="tally">Counts each when the next is asked for, and is compared with what the last line says.</param>
    /// <exception cref="TransferException">The file is damaged.</exception>
    public IEnumerable<(StoreRecord Record, ReadOnlyMemory<byte> Line)> Read(Tally tally)
    {
        var parser = new RecordParser();
        StoreRecord? previous = null;
        while (true)
        {
            var line = ReadLine();
            var record = Guard(() => ParseRecord(line, parser, tally));
            if (record is null)
                yield break;
            if (!RecordOrder.Follows(previous, record))
                throw Damaged("it doesn't belong here, behind the line before");

            yield return (record, line);
            tally.Add(record, line.Span);
            previous = record;
        }
    }

    public void Dispose() => _lines.Dispose();

    private void ReadHeader() => Guard(() =>
    {
        using var header = JsonDocument.Parse(ReadLine());
        if (!header.RootElement.TryGetProperty("format", out var format) || format.GetString() != RecordWriter.FormatName)
            throw new TransferException($"{_path} was not made by xmppctl store export.");
        if (header.RootElement.GetProperty("version").GetInt32() is var version
            && version is < 1 or > RecordWriter.FormatVersion)
        {
            throw new TransferException(
                $"{_path} has version {version} of the format, and this xmppctl reads versions up to {RecordWriter.FormatVersion}. " +
                "Use the xmppctl that made it, or a newer one.");
        }

        _version = version;
        return true;
    });

    /// <returns>Null when it is the last line.</returns>
    private StoreRecord? ParseRecord(ReadOnlyMemory<byte> line, RecordParser parser, Tally tally)
    {
        using var json = JsonDocument.Parse(line);
        if (!json.RootElement.GetProperty("kind").ValueEquals("end"))
            return parser.Parse(json.RootElement);

        var counts = json.RootElement.GetProperty("counts");
        foreach (var kind in StoreCounts.Counted)
        {
            var isKnown = _version >= RecordWriter.FirstVersionOf(kind);
            var stated = isKnown ? counts.GetProperty(RecordNames.Of(kind)).GetInt64() : 0;
            if (stated != tally.Counts[kind])
                throw Damaged($"the file has {tally.Counts[kind]} records of kind {RecordNames.Of(kind)}, and should have {stated}");
        }

        if (json.RootElement.GetProperty("sha256").GetString() != tally.Sha256)
            throw Damaged("the content of the file has changed since it was made: the checksum differs");
        if (!_lines.IsAtEnd)
            throw Damaged("there is something behind the end");
        return null;
    }

    private ReadOnlyMemory<byte> ReadLine() => Guard(() => _lines.Read()) ?? throw new TransferException(
        $"{_path} is incomplete: it ends behind line {_lines.Number}, without its last line.");

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw Damaged(fault is KeyNotFoundException ? "something is missing" : fault.Message.TrimEnd('.'), fault);
        }
    }

    private TransferException Damaged(string problem, Exception? inner = null) =>
        new($"{_path}, line {_lines.Number}: {problem}.", inner);
}
