using System.Collections.Immutable;
using Xmpp.Core.Streams;

namespace Xmpp.Core.Xml;

/// <summary>The tag that opens a stream, made into what outlives its bytes.</summary>
internal readonly ref struct RootTag
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly StartTag _tag;
    private readonly NamespaceScope _namespaces;
    private readonly string _defaultNamespace;

    /// <param name="namespaces">Has entered the tag and nothing else.</param>
    public RootTag(ReadOnlySpan<byte> bytes, StartTag tag, NamespaceScope namespaces)
    {
        _bytes = bytes;
        _tag = tag;
        _namespaces = namespaces;
        _defaultNamespace = NameOf(namespaces.DeclaredDefault) ?? "";
        Namespace = NameOf(namespaces.ElementNamespace) ?? _defaultNamespace;
    }

    /// <summary>The namespace of the element.</summary>
    public string Namespace { get; }

    public StreamHeader Header() => new(
        Attribute("to"u8), Attribute("from"u8), Attribute("id"u8), Attribute("version"u8), Attribute("xml:lang"u8), _defaultNamespace);

    public StreamScope Scope()
    {
        var prefixes = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var (name, ns) in _namespaces.Declared())
            prefixes.Add((NameTable.Get(name.Local(_bytes)), NameOf(ns)!));
        return StreamScope.Open(NameTable.Get(_tag.Name.Of(_bytes)), _defaultNamespace, prefixes.DrainToImmutable());
    }

    private string? Attribute(ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var attribute in _tag.Attributes)
        {
            if (attribute.Name.Of(_bytes).SequenceEqual(name))
                return XmlReference.ToText(attribute.Value(_bytes), attribute.IsPlain);
        }
        return null;
    }

    private string? NameOf(NamespaceRef? ns) => ns is { } known ? NameTable.Get(_namespaces.Bytes(_bytes, known)) : null;
}
