using System.Collections.Immutable;
using System.Text;

namespace Xmpp.Core.Xml;

/// <summary>How far a stream has come.</summary>
internal enum StreamPhase
{
    /// <summary>Nothing was read: an XML declaration may come.</summary>
    Start,

    /// <summary>Before the stream header, and too late for an XML declaration.</summary>
    Prolog,

    /// <summary>Between the stream header and the closing tag.</summary>
    Open,

    /// <summary>Behind the closing tag.</summary>
    Closed,
}

/// <summary>
/// All that a stream remembers between two first-level elements: where it stands and, once its header was read, the
/// header's name and namespaces. Immutable; the usual headers share one object each, so that an idle connection owns
/// none. A connection keeps it while its framer serves others (<see cref="StanzaFramer.Begin"/>).
/// </summary>
public sealed class StreamScope
{
    private readonly ImmutableArray<Binding> _bindings;

    private StreamScope(StreamPhase phase, string rootName, string defaultNamespace, params ImmutableArray<(string, string)> prefixes)
    {
        Phase = phase;
        RootName = Encoding.UTF8.GetBytes(rootName);
        DefaultNamespace = defaultNamespace;
        DefaultNamespaceBytes = Encoding.UTF8.GetBytes(defaultNamespace);
        _bindings = [.. prefixes.Select(pair => new Binding(pair.Item1, pair.Item2))];
    }

    /// <summary>Before the first byte of a stream.</summary>
    public static StreamScope Start { get; } = new(StreamPhase.Start, "", "");

    /// <summary>The usual stream of a client: <c>stream:stream</c>, default namespace "jabber:client".</summary>
    public static StreamScope Client { get; } =
        new(StreamPhase.Open, "stream:stream", Namespaces.Client, ("stream", Namespaces.Stream));

    /// <summary>The usual stream of a server: as <see cref="Client"/>, for "jabber:server".</summary>
    public static StreamScope Server { get; } =
        new(StreamPhase.Open, "stream:stream", Namespaces.Server, ("stream", Namespaces.Stream));

    /// <summary>Where elements stand alone, with a default namespace and no prefixes (stored stanzas, WebSocket frames).</summary>
    public static StreamScope ForContent(string defaultNamespace) => new(StreamPhase.Open, "", defaultNamespace);

    /// <summary>The default namespace that the stream header declared; "" for none.</summary>
    public string DefaultNamespace { get; }

    /// <summary>
    /// The same stream for whoever handles its stanzas as if its content namespace (RFC 6120 §4.8.2) were another one: elements that name
    /// no namespace are of that.
    /// </summary>
    public StreamScope WithDefaultNamespace(string ns) => new(
        Phase, Encoding.UTF8.GetString(RootName.Span), ns, [.. _bindings.Select(binding => (binding.Prefix, binding.Namespace))]);

    internal static StreamScope Prolog { get; } = new(StreamPhase.Prolog, "", "");

    internal static StreamScope Closed { get; } = new(StreamPhase.Closed, "", "");

    internal StreamPhase Phase { get; }

    /// <summary>The name of the stream element as it was written, prefix included.</summary>
    internal ReadOnlyMemory<byte> RootName { get; }

    internal ReadOnlyMemory<byte> DefaultNamespaceBytes { get; }

    /// <summary>The prefixes that the stream header declared.</summary>
    internal ReadOnlySpan<Binding> Bindings => _bindings.AsSpan();

    /// <summary>The scope of an open stream; a shared object when the header is a usual one.</summary>
    internal static StreamScope Open(string rootName, string defaultNamespace, ImmutableArray<(string Prefix, string Namespace)> prefixes)
    {
        foreach (var usual in (ReadOnlySpan<StreamScope>)[Client, Server])
        {
            if (defaultNamespace == usual.DefaultNamespace && rootName == "stream:stream" && prefixes is [("stream", Namespaces.Stream)])
                return usual;
        }
        return new StreamScope(StreamPhase.Open, rootName, defaultNamespace, prefixes);
    }

    /// <summary>The index of the prefix in <see cref="Bindings"/>, or -1.</summary>
    internal int IndexOf(ReadOnlySpan<byte> prefix)
    {
        for (var i = 0; i < _bindings.Length; i++)
        {
            if (_bindings[i].PrefixBytes.AsSpan().SequenceEqual(prefix))
                return i;
        }
        return -1;
    }

    /// <summary>A prefix and the namespace name it stands for.</summary>
    internal sealed class Binding(string prefix, string ns)
    {
        public string Prefix { get; } = prefix;

        public string Namespace { get; } = ns;

        public byte[] PrefixBytes { get; } = Encoding.UTF8.GetBytes(prefix);

        public byte[] NamespaceBytes { get; } = Encoding.UTF8.GetBytes(ns);
    }
}
