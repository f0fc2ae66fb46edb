using System.Xml;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Portability;

/// <summary>
/// A file of XML, read from the beginning to the end element by element, whoever made it: without a DTD, in limits, nothing of it
/// fetched.
/// </summary>
internal sealed class PortableDocument : IDisposable
{
    /// <summary>A vCard, which is the largest thing that is one element, can't be configured to be larger.</summary>
    private const int MaxElementBytes = 16 * 1024 * 1024;

    private const int MaxDepth = 200;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CloseInput = true,
    };

    private readonly BoundedStream _stream;
    private readonly XmlReader _reader;

    private PortableDocument(BoundedStream stream)
    {
        _stream = stream;
        _reader = XmlReader.Create(stream, Settings);
    }

    public string Path => _stream.Name;

    /// <summary>How much of the file has been read, more or less.</summary>
    public long Taken => _stream.Taken;

    /// <summary>Of the element that begins here.</summary>
    public XmlName Name => new(_reader.NamespaceURI, _reader.LocalName);

    /// <exception cref="PortableException">It isn't XML.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static PortableDocument Open(string path)
    {
        var document = new PortableDocument(new BoundedStream(path, MaxElementBytes));
        try
        {
            document.Guard(() => document._reader.MoveToContent());
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>An attribute of the element that begins here, or null.</summary>
    public string? this[string attribute] => _reader.GetAttribute(attribute);

    /// <summary>
    /// The elements within the one that begins here, one after the other. Each has to be taken: with <see cref="Read"/>,
    /// <see cref="Skip"/> or this.
    /// </summary>
    public IEnumerable<XmlName> Children()
    {
        if (!Enter())
            yield break;

        while (NextChild())
        {
            _stream.BeginPart();
            yield return Name;
        }
    }

    /// <summary>Takes the element that begins here, with all that it contains.</summary>
    public Element Read() => Guard(() => ReadElement(depth: 1));

    /// <summary>Goes on behind the element that begins here.</summary>
    public void Skip() => Guard(() =>
    {
        var depth = _reader.Depth;
        if (!_reader.IsEmptyElement)
        {
            do
            {
                _stream.BeginPart();
                if (_reader.Depth > MaxDepth)
                    throw new XmlException($"elements are nested more than {MaxDepth} deep");
            }
            while (_reader.Read() && _reader.Depth > depth);
        }

        return _reader.Read();
    });

    public PortableException Wrong(string problem, Exception? inner = null) =>
        new($"{Path}, line {((IXmlLineInfo)_reader).LineNumber}: {problem.TrimEnd('.')}.", inner);

    public void Dispose() => _reader.Dispose();

    private bool Enter() => Guard(() =>
    {
        var hasContent = !_reader.IsEmptyElement;
        _reader.Read();
        return hasContent;
    });

    /// <summary>Goes to the next child, or behind the parent when there is none.</summary>
    private bool NextChild() => Guard(() =>
    {
        while (_reader.NodeType is not (XmlNodeType.Element or XmlNodeType.EndElement))
        {
            if (!_reader.Read())
                throw new XmlException("the document ends too early");
        }

        if (_reader.NodeType == XmlNodeType.Element)
            return true;
        _reader.Read();
        return false;
    });

    private Element ReadElement(int depth)
    {
        if (depth > MaxDepth)
            throw new XmlException($"elements are nested more than {MaxDepth} deep");

        var name = Name;
        var content = new List<object?>();
        while (_reader.MoveToNextAttribute())
        {
            if (_reader.NamespaceURI != Namespaces.Xmlns)
                content.Add(new ElementAttribute(Name, _reader.Value));
        }

        _reader.MoveToElement();
        var isEmpty = _reader.IsEmptyElement;
        _reader.Read();
        while (!isEmpty && _reader.NodeType != XmlNodeType.EndElement)
        {
            if (_reader.NodeType == XmlNodeType.Element)
            {
                content.Add(ReadElement(depth + 1));
                continue;
            }

            // Text, CDATA and white space; XmlReader has no other nodes left.
            content.Add(_reader.Value);
            _reader.Read();
        }

        if (!isEmpty)
            _reader.Read();
        return new Element(name, content);
    }

    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        // The latter: a name that XML 1.0 allows and a stream doesn't.
        catch (Exception fault) when (fault is XmlException or ArgumentException)
        {
            throw Wrong(fault.Message, fault);
        }
    }
}
