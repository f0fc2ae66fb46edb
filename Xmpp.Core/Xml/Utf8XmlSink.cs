using System.Buffers;
using System.Globalization;
using System.Text.Unicode;

namespace Xmpp.Core.Xml;

/// <summary>Escapes and encodes into an <see cref="IBufferWriter{T}"/>, asking it for memory as seldom as possible.</summary>
internal ref struct Utf8XmlSink(IBufferWriter<byte> output)
{
    // U+FFFE and U+FFFF stand for themselves; lone surrogates are left to the encoder, which replaces them too.
    private static readonly SearchValues<char> TextStops = SearchValues.Create(
        [.. ControlsBut("\t\n"), .. "&<>\uFFFE\uFFFF"]);

    private static readonly SearchValues<char> ValueStops = SearchValues.Create(
        [.. ControlsBut(""), .. "&<>'\"\uFFFE\uFFFF"]);

    private Span<byte> _free = output.GetSpan();
    private int _used;

    /// <summary>Hands what was written to the buffer writer. Nothing may be written afterwards.</summary>
    public readonly void Flush() => output.Advance(_used);

    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        while (!bytes.TryCopyTo(_free[_used..]))
        {
            var part = _free.Length - _used;
            bytes[..part].CopyTo(_free[_used..]);
            _used += part;
            bytes = bytes[part..];
            Grow();
        }
        _used += bytes.Length;
    }

    public void Write(int number)
    {
        Span<byte> digits = stackalloc byte[11];
        number.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        Write(digits[..length]);
    }

    /// <summary>Writes what needs no escaping.</summary>
    public void WriteRaw(scoped ReadOnlySpan<char> text)
    {
        while (true)
        {
            var status = Utf8.FromUtf16(text, _free[_used..], out var read, out var written);
            _used += written;
            if (status == OperationStatus.Done)
                return;
            text = text[read..];
            Grow();
        }
    }

    /// <summary>Writes character data: only what reads back differently is escaped.</summary>
    public void WriteText(scoped ReadOnlySpan<char> text) => WriteEscaped(text, TextStops);

    /// <summary>Writes an attribute value that keeps its white space and may stand in either kind of quotes.</summary>
    public void WriteValue(scoped ReadOnlySpan<char> text) => WriteEscaped(text, ValueStops);

    private void WriteEscaped(scoped ReadOnlySpan<char> text, SearchValues<char> stops)
    {
        for (var stop = text.IndexOfAny(stops); stop >= 0; stop = text.IndexOfAny(stops))
        {
            WriteRaw(text[..stop]);
            Write(Escaped(text[stop]));
            text = text[(stop + 1)..];
        }
        WriteRaw(text);
    }

    private static ReadOnlySpan<byte> Escaped(char c) => c switch
    {
        '&' => "&amp;"u8,
        '<' => "&lt;"u8,
        '>' => "&gt;"u8,
        '\'' => "&apos;"u8,
        '"' => "&quot;"u8,
        '\t' => "&#9;"u8,
        '\n' => "&#10;"u8,
        '\r' => "&#13;"u8,
        _ => "\uFFFD"u8,
    };

    private void Grow()
    {
        output.Advance(_used);
        // Enough for any character, so that the encoder always gets on.
        _free = output.GetSpan(16);
        _used = 0;
    }

    private static IEnumerable<char> ControlsBut(string kept) => Enumerable.Range(0, 0x20).Select(c => (char)c).Except(kept);
}
