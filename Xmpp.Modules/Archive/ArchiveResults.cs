using System.Buffers;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>Archived messages as clients get them (XEP-0313 §3.2), written without a tree.</summary>
public static class ArchiveResults
{
    /// <summary>What a result has beside its message, roughly.</summary>
    private const int Overhead = 512;

    /// <summary>The messages of a page that have not more than so many bytes together, but at least one.</summary>
    /// <param name="isFromEnd">Whether the last ones are wanted first.</param>
    internal static IReadOnlyList<ArchiveEntry> Cut(IReadOnlyList<ArchiveEntry> messages, int maxBytes, bool isFromEnd)
    {
        var (count, bytes) = (0, 0L);
        while (count < messages.Count)
        {
            bytes += messages[isFromEnd ? messages.Count - 1 - count : count].Stanza.Length + Overhead;
            if (bytes > maxBytes && count > 0)
                break;
            count++;
        }
        return count == messages.Count ? messages : isFromEnd ? [.. messages.TakeLast(count)] : [.. messages.Take(count)];
    }

    /// <summary>A page of results, each a stanza.</summary>
    /// <param name="account">Whose archive it is.</param>
    /// <param name="to">The session that asked.</param>
    /// <param name="isFlipped">Whether the last comes first.</param>
    internal static IReadOnlyList<ReadOnlyMemory<byte>> Write(
        Jid account, Jid to, string? queryId, IReadOnlyList<ArchiveEntry> messages, bool isFlipped)
    {
        var output = new ArrayBufferWriter<byte>(Math.Max(1, messages.Sum(message => message.Stanza.Length + Overhead)));
        var ends = new int[messages.Count];
        for (var i = 0; i < ends.Length; i++)
        {
            WriteStart(output, account, to);
            Write(output, queryId, messages[isFlipped ? ends.Length - 1 - i : i]);
            output.Write("</message>"u8);
            ends[i] = output.WrittenCount;
        }
        var stanzas = new ReadOnlyMemory<byte>[ends.Length];
        for (var i = 0; i < ends.Length; i++)
            stanzas[i] = output.WrittenMemory[(i == 0 ? 0 : ends[i - 1])..ends[i]];
        return stanzas;
    }

    /// <summary>The start tag of a message from an account to one of its clients.</summary>
    internal static void WriteStart(IBufferWriter<byte> output, Jid account, Jid to)
    {
        output.Write("<message from='"u8);
        XmlStreamWriter.WriteEscaped(output, account);
        output.Write("' to='"u8);
        XmlStreamWriter.WriteEscaped(output, to);
        output.Write("'>"u8);
    }

    /// <summary>A <c>&lt;result/&gt;</c> with one message.</summary>
    public static void Write(IBufferWriter<byte> output, string? queryId, ArchiveEntry message)
    {
        output.Write("<result xmlns='urn:xmpp:mam:2'"u8);
        if (queryId is not null)
        {
            output.Write(" queryid='"u8);
            XmlStreamWriter.WriteEscaped(output, queryId);
            output.Write("'"u8);
        }
        output.Write(" id='"u8);
        WriteId(output, message.Id);
        output.Write("'>"u8);
        Forwarded.Write(output, message.Stanza.Span, message.Id.Time);
        output.Write("</result>"u8);
    }

    internal static void WriteId(IBufferWriter<byte> output, SortableId id)
    {
        id.Write(output.GetSpan(SortableId.Length));
        output.Advance(SortableId.Length);
    }
}
