using Xmpp.Core.Streams;

namespace Xmpp.Core.Xml;

/// <summary>
/// The parser of one start tag or empty-element tag (XML 1.0 §3.1) and its result, by offsets. Knows no namespaces
/// but for which attributes matter to them. Its memory is kept from tag to tag.
/// </summary>
internal sealed class StartTag
{
    private TagAttribute[] _attributes = new TagAttribute[8];
    private int _attributeCount;
    private QName _name;

    public QName Name => _name;

    public Span<TagAttribute> Attributes => _attributes.AsSpan(0, _attributeCount);

    /// <summary>Behind the closing <c>&gt;</c>.</summary>
    public int End { get; private set; }

    /// <summary>It is an empty-element tag.</summary>
    public bool IsEmpty { get; private set; }

    public bool HasDeclarations { get; private set; }

    /// <summary>The element or an attribute has a prefix; declarations don't count.</summary>
    public bool HasPrefixes { get; private set; }

    /// <summary>Why <see cref="Parse"/> gave Malformed.</summary>
    public StreamError? Fault { get; private set; }

    /// <summary>Parses the tag whose <c>&lt;</c> stands at <paramref name="start"/>.</summary>
    /// <returns>Done; NeedMore when the bytes end within the tag; or Malformed, and <see cref="Fault"/> says why.</returns>
    public ScanStatus Parse(ReadOnlySpan<byte> bytes, int start, int maxAttributes)
    {
        _attributeCount = 0;
        HasDeclarations = false;
        var status = ReadName(bytes, start + 1, out _name);
        if (status != ScanStatus.Done)
            return status;
        HasPrefixes = _name.PrefixLength > 0;

        var position = _name.End;
        while (true)
        {
            var before = position;
            position = XmlChars.SkipSpace(bytes, position);
            if (position == bytes.Length)
                return ScanStatus.NeedMore;
            if (bytes[position] == '>')
            {
                IsEmpty = false;
                End = position + 1;
                return ScanStatus.Done;
            }
            if (bytes[position] == '/')
                return ReadEmptyTagEnd(bytes, position);
            if (position == before)
                return Fail(XmlFault.BadName);

            if (_attributeCount == maxAttributes)
                return Fail(XmlFault.Policy("An element has too many attributes."));
            if (_attributeCount == _attributes.Length)
                Array.Resize(ref _attributes, _attributeCount * 2);
            ref var attribute = ref _attributes[_attributeCount];
            status = ReadAttribute(bytes, position, ref attribute);
            if (status != ScanStatus.Done)
                return status;
            position = attribute.ValueStart + attribute.ValueLength + 1;
        }
    }

    private ScanStatus ReadEmptyTagEnd(ReadOnlySpan<byte> bytes, int position)
    {
        if (position + 1 == bytes.Length)
            return ScanStatus.NeedMore;
        if (bytes[position + 1] != '>')
            return Fail(XmlFault.BadName);
        IsEmpty = true;
        End = position + 2;
        return ScanStatus.Done;
    }

    private ScanStatus ReadAttribute(ReadOnlySpan<byte> bytes, int position, ref TagAttribute attribute)
    {
        var status = ReadName(bytes, position, out attribute.Name);
        if (status != ScanStatus.Done)
            return status;
        position = XmlChars.SkipSpace(bytes, attribute.Name.End);
        if (position == bytes.Length)
            return ScanStatus.NeedMore;
        if (bytes[position] != '=')
            return Fail(XmlFault.NotWellFormed("An attribute has no value."));
        position = XmlChars.SkipSpace(bytes, position + 1);
        if (position == bytes.Length)
            return ScanStatus.NeedMore;
        status = ReadValue(bytes, position, ref attribute);
        if (status != ScanStatus.Done)
            return status;

        var name = attribute.Name.Of(bytes);
        foreach (ref readonly var other in Attributes)
        {
            if (other.Name.Length == name.Length && other.Name.Of(bytes).SequenceEqual(name))
                return Fail(XmlFault.DuplicateAttribute);
        }
        Classify(bytes, ref attribute);
        _attributeCount++;
        return ScanStatus.Done;
    }

    /// <summary>Reads the quoted value whose opening quote stands at the position.</summary>
    private ScanStatus ReadValue(ReadOnlySpan<byte> bytes, int position, ref TagAttribute attribute)
    {
        var quote = bytes[position++];
        if (quote is not ((byte)'\'' or (byte)'"'))
            return Fail(XmlFault.NotWellFormed("An attribute value isn't quoted."));
        var stops = quote == '\'' ? XmlChars.AposValueStops : XmlChars.QuotValueStops;
        attribute.ValueStart = position;
        attribute.IsPlain = true;
        while (true)
        {
            var plain = bytes[position..].IndexOfAny(stops);
            if (plain < 0)
                return ScanStatus.NeedMore;
            position += plain;
            var stop = bytes[position];
            if (stop == quote)
            {
                attribute.ValueLength = position - attribute.ValueStart;
                return ScanStatus.Done;
            }

            attribute.IsPlain = false;
            switch (stop)
            {
                case (byte)'\t' or (byte)'\n' or (byte)'\r':
                    position++;
                    break;
                case (byte)'&':
                    var kind = XmlReference.Read(bytes[position..], out var length, out _);
                    if (kind == ReferenceKind.Incomplete)
                        return ScanStatus.NeedMore;
                    if (kind != ReferenceKind.Character)
                        return Fail(XmlFault.Reference(kind));
                    position += length;
                    break;
                case (byte)'<':
                    return Fail(XmlFault.NotWellFormed("An attribute value contains '<'."));
                default:
                    return Fail(XmlFault.ForbiddenCharacter);
            }
        }
    }

    private void Classify(ReadOnlySpan<byte> bytes, ref TagAttribute attribute)
    {
        var name = attribute.Name;
        if (name.PrefixLength == 0)
        {
            var declares = name.Of(bytes).SequenceEqual("xmlns"u8);
            attribute.Kind = declares ? AttributeKind.DefaultDeclaration : AttributeKind.Unprefixed;
            HasDeclarations |= declares;
        }
        else
        {
            var declares = name.Prefix(bytes).SequenceEqual("xmlns"u8);
            attribute.Kind = declares ? AttributeKind.PrefixDeclaration : AttributeKind.Prefixed;
            HasDeclarations |= declares;
            HasPrefixes |= !declares;
        }
    }

    /// <summary>Reads a QName (Namespaces in XML 1.0 §4), which something must follow.</summary>
    private ScanStatus ReadName(ReadOnlySpan<byte> bytes, int start, out QName name)
    {
        var status = XmlChars.ScanNCName(bytes, start, out var length);
        if (status == ScanStatus.Done && bytes[start + length] == ':')
        {
            var prefixLength = length;
            status = XmlChars.ScanNCName(bytes, start + prefixLength + 1, out var localLength);
            name = new QName(start, prefixLength + 1 + localLength, prefixLength);
        }
        else
        {
            name = new QName(start, length, 0);
        }
        return status switch
        {
            ScanStatus.Done or ScanStatus.NeedMore => status,
            ScanStatus.NotUtf8 => Fail(XmlFault.NotUtf8),
            _ => Fail(XmlFault.BadName),
        };
    }

    private ScanStatus Fail(StreamError fault)
    {
        Fault = fault;
        return ScanStatus.Malformed;
    }
}
