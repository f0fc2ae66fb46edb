using System.Text;
using System.Text.Unicode;
using Xmpp.Core.Streams;

namespace Xmpp.Core.Xml;

/// <summary>
/// Finds the first-level elements of an XML stream in contiguous bytes and indexes them without building a tree.
/// Incremental: work done on a partial stanza isn't repeated when more bytes come. No I/O, no allocation once warm.
/// </summary>
/// <remarks>
/// Accepts what RFC 6120 §11 allows and nothing else. A framer can serve many streams in turn: what a stream must
/// remember between two frames is its <see cref="Scope"/>, to be given to <see cref="Begin"/>; only a stream with
/// a partial frame (<see cref="HasPartialFrame"/>) keeps the framer.
/// </remarks>
public sealed class StanzaFramer
{
    private readonly StartTag _head = new();
    private readonly StartTag _inner = new();
    private readonly NamespaceScope _namespaces = new();
    private readonly StanzaView _stanza;

    private QName[] _open = new QName[16];
    private int _depth;
    private Mode _mode;

    /// <summary>In text the next byte to look at, in markup its first.</summary>
    private int _position;

    /// <summary>In markup that was incomplete: the next byte to look at in search of its end; else 0.</summary>
    private int _scan;

    /// <summary>While looking for a tag's end: the quote of the attribute value that this point is in; else 0.</summary>
    private byte _quote;

    /// <summary>The default namespace in force in the stanza's head.</summary>
    private NamespaceRef _headDefault;

    public StanzaFramer(FramerLimits limits)
    {
        Limits = limits;
        _stanza = new StanzaView(_head, _namespaces);
    }

    private enum Mode
    {
        Text,
        Markup,
        CData,
    }

    /// <summary>May change between frames: a peer that has authenticated is trusted with more.</summary>
    public FramerLimits Limits { get; set; }

    /// <summary>What the stream remembers between frames.</summary>
    public StreamScope Scope { get; private set; } = StreamScope.Start;

    /// <summary>
    /// The stream header. Set with <see cref="FrameKind.StreamOpen"/>, and with an <see cref="FrameKind.Error"/> that lies in what
    /// the header says, so that it can be answered with a header (RFC 6120 §4.9.1.2); else <see cref="StreamHeader.None"/>.
    /// </summary>
    public StreamHeader Header { get; private set; } = StreamHeader.None;

    /// <summary>Set with <see cref="FrameKind.Stanza"/>; the same object every time, valid until the next <see cref="Read"/>.</summary>
    public StanzaView Stanza => _stanza;

    /// <summary>Set with <see cref="FrameKind.Error"/>: the stream error to send (RFC 6120 §4.9.3).</summary>
    public StreamError? Error { get; private set; }

    /// <summary>True when the last call needed more bytes than there were, so that this framer has to go on with them.</summary>
    public bool HasPartialFrame { get; private set; }

    /// <summary>Takes up a stream between two frames.</summary>
    /// <param name="scope">What <see cref="Scope"/> was after the stream's last frame; null before its first.</param>
    public void Begin(StreamScope? scope)
    {
        Scope = scope ?? StreamScope.Start;
        Header = StreamHeader.None;
        Error = null;
        HasPartialFrame = false;
        _stanza.Clear();
    }

    /// <summary>Forgets everything: the next bytes start a new stream (RFC 6120 §4.3.3).</summary>
    public void Reset() => Begin(null);

    /// <summary>Reads one frame from the start of <paramref name="input"/>.</summary>
    /// <param name="input">The bytes that no earlier call consumed, from their start.</param>
    /// <param name="consumed">How many bytes the frame took; 0 with <see cref="FrameKind.NeedMore"/> and <see cref="FrameKind.Error"/>.</param>
    public FrameKind Read(ReadOnlyMemory<byte> input, out int consumed)
    {
        consumed = 0;
        if (Error is not null)
            return FrameKind.Error;

        // What lies beyond the limit is never looked at, so that it doesn't matter in which pieces the bytes come.
        var isCut = input.Length > Limits.MaxStanzaBytes;
        var bytes = isCut ? input.Span[..Limits.MaxStanzaBytes] : input.Span;
        var kind = HasPartialFrame ? ReadFrame(bytes) : BeginFrame(bytes);
        switch (kind)
        {
            case FrameKind.NeedMore when isCut:
                return Fail(XmlFault.TooBig);
            case FrameKind.NeedMore or FrameKind.Error:
                return kind;
            case FrameKind.Stanza:
                _stanza.Bytes = input[.._position];
                break;
        }
        HasPartialFrame = false;
        consumed = _position;
        return kind;
    }

    private FrameKind BeginFrame(ReadOnlySpan<byte> bytes)
    {
        _stanza.Clear();
        _position = XmlChars.SkipSpace(bytes, 0);
        if (_position > 0)
        {
            if (Scope.Phase == StreamPhase.Start)
                Scope = StreamScope.Prolog;
            return FrameKind.Whitespace;
        }
        if (bytes.IsEmpty)
            return FrameKind.NeedMore;
        if (bytes[0] != '<' || Scope.Phase == StreamPhase.Closed)
            return Fail(FaultBetweenStanzas(bytes[0]));

        _namespaces.Clear(Scope);
        _depth = 0;
        _scan = 0;
        _quote = 0;
        _mode = Mode.Markup;
        HasPartialFrame = true;
        return ReadFrame(bytes);
    }

    private StreamError FaultBetweenStanzas(byte first) => Scope.Phase switch
    {
        // The first byte of a byte order mark or of a wide character.
        StreamPhase.Start when first is 0xFE or 0xFF or 0 => XmlFault.NotUtf8,
        StreamPhase.Open => XmlFault.BadFormat("Only white space may stand between stanzas."),
        StreamPhase.Closed => XmlFault.NotWellFormed("The stream has ended."),
        _ => XmlFault.NotWellFormed("A stream header was expected."),
    };

    private FrameKind ReadFrame(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var frame = _mode switch
            {
                Mode.Text => ReadText(bytes),
                Mode.Markup => ReadMarkup(bytes),
                _ => ReadCData(bytes),
            };
            if (frame is { } kind)
                return kind;
        }
    }

    // The methods below read one token each. They give null to go on, or what Read is to return.

    private FrameKind? ReadText(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            // Mostly tag follows tag: no need for a search then.
            var text = bytes[_position..];
            var stop = text is [(byte)'<', ..] ? 0 : text.IndexOfAny(XmlChars.TextStops);
            if (stop < 0)
            {
                _position = bytes.Length;
                return FrameKind.NeedMore;
            }
            _position += stop;
            switch (bytes[_position])
            {
                case (byte)'<':
                    _mode = Mode.Markup;
                    return null;
                case (byte)'&':
                    var kind = XmlReference.Read(bytes[_position..], out var length, out _);
                    if (kind == ReferenceKind.Incomplete)
                        return FrameKind.NeedMore;
                    if (kind != ReferenceKind.Character)
                        return Fail(XmlFault.Reference(kind));
                    _position += length;
                    break;
                case (byte)'>':
                    // No "]]>" in text (XML 1.0 §2.4). The two bytes before are text too: markup ends in '>', a reference in ';'.
                    if (bytes[..++_position].EndsWith("]]>"u8))
                        return Fail(XmlFault.NotWellFormed("Text contains ']]>'."));
                    break;
                default:
                    return Fail(XmlFault.ForbiddenCharacter);
            }
        }
    }

    private FrameKind? ReadMarkup(ReadOnlySpan<byte> bytes)
    {
        if (_position + 1 == bytes.Length)
            return FrameKind.NeedMore;
        return bytes[_position + 1] switch
        {
            (byte)'/' => ReadEndTag(bytes),
            (byte)'!' => ReadDeclaration(bytes),
            (byte)'?' => ReadProcessingInstruction(bytes),
            0 when Scope.Phase == StreamPhase.Start => Fail(XmlFault.NotUtf8), // UTF-16, the low byte first
            _ => ReadStartTag(bytes),
        };
    }

    private FrameKind? ReadStartTag(ReadOnlySpan<byte> bytes)
    {
        // A tag that is there as a whole is parsed at once. Else its end is looked for, a byte only once, and it is
        // parsed again when it has come.
        if (_scan > 0 && !FindTagEnd(bytes))
            return FrameKind.NeedMore;
        var tag = _depth == 0 ? _head : _inner;
        switch (tag.Parse(bytes, _position, Limits.MaxAttributes))
        {
            case ScanStatus.NeedMore:
                _scan = Math.Max(_scan, _position + 1);
                return FrameKind.NeedMore;
            case ScanStatus.Malformed:
                return Fail(tag.Fault!);
        }
        _scan = 0;

        var depth = _depth + 1;
        if (_namespaces.Enter(bytes, tag, depth, Limits.MaxPrefixes) is { } fault)
            return Fail(fault);
        if (Scope.Phase != StreamPhase.Open)
            return ReadHeader(bytes);
        if (depth > Limits.MaxDepth)
            return Fail(XmlFault.Policy("Elements are nested too deeply."));
        if (depth == 1)
            IndexHead();
        else if (depth == 2 && !TryIndexChild())
            return Fail(XmlFault.Policy("The stanza has too many children."));

        _position = tag.End;
        _mode = Mode.Text;
        if (tag.IsEmpty)
            return EndElement(bytes, depth, contentEnd: -1);
        if (_depth == _open.Length)
            Array.Resize(ref _open, _depth * 2);
        _open[_depth++] = tag.Name;
        return null;
    }

    /// <summary>Moves on to the first byte that can't belong to an incomplete start tag; true when there is one.</summary>
    private bool FindTagEnd(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var rest = bytes[_scan..];
            var stop = _quote == 0 ? rest.IndexOfAny("<>'\""u8) : rest.IndexOfAny(_quote, (byte)'<');
            if (stop < 0)
            {
                _scan = bytes.Length;
                return false;
            }
            var found = rest[stop];
            _scan += stop + 1;
            if (found is (byte)'<' or (byte)'>')
            {
                _quote = 0;
                return true;
            }
            _quote = _quote == 0 ? found : (byte)0;
        }
    }

    private void IndexHead()
    {
        _headDefault = _namespaces.DeclaredDefault ?? new NamespaceRef(NamespaceOrigin.StreamDefault);
        _stanza.SetHead(_namespaces.ElementNamespace ?? _headDefault);
    }

    private bool TryIndexChild()
    {
        if (_stanza.ChildCount == Limits.MaxChildren)
            return false;
        _stanza.AddChild(_inner.Name, _namespaces.ElementNamespace ?? _namespaces.DeclaredDefault ?? _headDefault, _position);
        return true;
    }

    private FrameKind? ReadEndTag(ReadOnlySpan<byte> bytes)
    {
        var name = _depth == 0 ? Scope.RootName.Span : _open[_depth - 1].Of(bytes);
        if (name.IsEmpty)
            return Fail(XmlFault.BadEndTag); // no stream is open
        var start = _position;
        var nameEnd = start + 2 + name.Length;
        if (nameEnd < bytes.Length && bytes[nameEnd] == '>')
        {
            _position = nameEnd + 1;
        }
        else
        {
            // White space before the '>', not yet complete, or wrong.
            _scan = Math.Max(_scan, start + 2);
            var stop = bytes[_scan..].IndexOfAny((byte)'<', (byte)'>');
            if (stop < 0)
            {
                _scan = bytes.Length;
                return FrameKind.NeedMore;
            }
            _position = _scan + stop + 1;
            if (nameEnd >= _position || XmlChars.SkipSpace(bytes, nameEnd) != _position - 1 || bytes[_position - 1] != '>')
                return Fail(XmlFault.BadEndTag);
        }
        if (!bytes[(start + 2)..nameEnd].SequenceEqual(name))
            return Fail(XmlFault.BadEndTag);

        _scan = 0;
        _mode = Mode.Text;
        if (_depth > 0)
            return EndElement(bytes, _depth--, contentEnd: start);
        Scope = StreamScope.Closed;
        return FrameKind.StreamClose;
    }

    /// <summary>The element at this depth ends at the position.</summary>
    private FrameKind? EndElement(ReadOnlySpan<byte> bytes, int depth, int contentEnd)
    {
        _namespaces.Leave(depth);
        if (depth == 2)
            _stanza.EndChild(_position);
        if (depth > 1)
            return null;
        if (FaultOfCharacters(bytes[.._position]) is { } fault)
            return Fail(fault);
        _stanza.ContentEnd = contentEnd;
        return FrameKind.Stanza;
    }

    private FrameKind? ReadDeclaration(ReadOnlySpan<byte> bytes)
    {
        var markup = bytes[_position..];
        switch (Match(markup, "<![CDATA["u8))
        {
            case ScanStatus.NeedMore:
                return FrameKind.NeedMore;
            case ScanStatus.Done when _depth == 0:
                return Fail(FaultBetweenStanzas((byte)'<'));
            case ScanStatus.Done:
                _mode = Mode.CData;
                _scan = _position + "<![CDATA[".Length;
                return null;
        }

        var comment = Match(markup, "<!--"u8);
        var docType = Match(markup, "<!DOCTYPE"u8);
        if (comment == ScanStatus.NeedMore || docType == ScanStatus.NeedMore)
            return FrameKind.NeedMore;
        return Fail(comment == ScanStatus.Done || docType == ScanStatus.Done
            ? XmlFault.Restricted("Comments and document types aren't allowed.") : XmlFault.BadName);
    }

    private FrameKind? ReadCData(ReadOnlySpan<byte> bytes)
    {
        var end = bytes[_scan..].IndexOf("]]>"u8);
        if (end < 0)
        {
            // The end may be there in part.
            _scan = Math.Max(_scan, bytes.Length - 2);
            return FrameKind.NeedMore;
        }
        end += _scan;
        if (bytes[_position..end].ContainsAny(XmlChars.Controls))
            return Fail(XmlFault.ForbiddenCharacter);
        _position = end + 3;
        _scan = 0;
        _mode = Mode.Text;
        return null;
    }

    /// <summary>The XML declaration, at the start of a stream; no processing instruction anywhere (RFC 6120 §11.1).</summary>
    private FrameKind? ReadProcessingInstruction(ReadOnlySpan<byte> bytes)
    {
        var markup = bytes[_position..];
        var declaration = Match(markup, "<?xml"u8);
        if (declaration == ScanStatus.NeedMore || (declaration == ScanStatus.Done && markup.Length == 5))
            return FrameKind.NeedMore;
        if (declaration == ScanStatus.Malformed || !XmlChars.IsSpace(markup[5]))
            return Fail(XmlFault.Restricted("Processing instructions aren't allowed."));
        if (Scope.Phase != StreamPhase.Start)
            return Fail(XmlFault.NotWellFormed("An XML declaration stands only at the start of a stream."));

        _scan = Math.Max(_scan, 5);
        var end = bytes[_scan..].IndexOf("?>"u8);
        if (end < 0)
        {
            _scan = Math.Max(_scan, bytes.Length - 1);
            return FrameKind.NeedMore;
        }
        end += _scan;
        if (XmlDeclaration.Check(bytes[5..end]) is { } fault)
            return Fail(fault);
        _position = end + 2;
        Scope = StreamScope.Prolog;
        return FrameKind.Whitespace;
    }

    private FrameKind? ReadHeader(ReadOnlySpan<byte> bytes)
    {
        if (FaultOfCharacters(bytes[.._head.End]) is { } fault)
            return Fail(fault);
        var root = new RootTag(bytes, _head, _namespaces);
        Header = root.Header();
        if (root.Namespace != Namespaces.Stream)
            return Fail(new StreamError(StreamErrorCondition.InvalidNamespace, "A stream of another namespace."));
        if (!_head.Name.Local(bytes).SequenceEqual("stream"u8) || _head.IsEmpty)
            return Fail(XmlFault.BadFormat("The root element isn't an opening stream tag."));
        Scope = root.Scope();
        _position = _head.End;
        return FrameKind.StreamOpen;
    }

    /// <summary>The bytes are UTF-8 and contain no character that isn't one to XML; control characters were looked for before.</summary>
    private static StreamError? FaultOfCharacters(ReadOnlySpan<byte> bytes)
    {
        if (Ascii.IsValid(bytes))
            return null;
        if (!Utf8.IsValid(bytes))
            return XmlFault.NotUtf8;
        return XmlChars.ContainsNonCharacter(bytes) ? XmlFault.ForbiddenCharacter : null;
    }

    private static ScanStatus Match(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> literal)
    {
        if (bytes.Length >= literal.Length)
            return bytes.StartsWith(literal) ? ScanStatus.Done : ScanStatus.Malformed;
        return literal.StartsWith(bytes) ? ScanStatus.NeedMore : ScanStatus.Malformed;
    }

    private FrameKind Fail(StreamError fault)
    {
        Error = fault;
        HasPartialFrame = false;
        return FrameKind.Error;
    }
}
