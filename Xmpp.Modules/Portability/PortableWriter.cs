using System.Buffers;
using System.Globalization;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.Portability;

/// <summary>XEP-0227 Portable Import/Export Format: writes users of one host into a document, one after the other.</summary>
/// <remarks>Memory holds one user without the messages. <see cref="End"/> makes the document complete.</remarks>
[Xep(227, "1.1")]
public sealed partial class PortableWriter
{
    private const string BlockedList = "blocked";

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);

    /// <param name="stream">Where the document goes; it stays open.</param>
    public PortableWriter(Stream stream, string host)
    {
        _stream = stream;
        Write("<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='");
        Write(PortableFormat.Ns);
        Write("'>\n<host jid='");
        XmlStreamWriter.WriteEscaped(_buffer, host);
        Write("'>\n");
    }

    /// <summary>What couldn't be written, by name, and how often.</summary>
    public LeftOut LeftOut { get; } = new();

    /// <param name="messages">Those that wait.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task WriteAsync(
        StoredAccount account, IAsyncEnumerable<MessageRecord> messages, IAsyncEnumerable<ArchiveEntry> archive, IPubSubStore nodes)
    {
        Write("<user name='");
        XmlStreamWriter.WriteEscaped(_buffer, account.Account.Jid.Local!);
        Write("'>\n");
        foreach (var part in PartsOf(account))
            Write(part);
        await WriteNodesAsync(account.Account.Jid, nodes);

        var isOpen = false;
        await foreach (var message in messages)
        {
            if (!isOpen)
                Write("<offline-messages>\n");
            isOpen = true;
            if (TryRead(message.Stanza, "a stored message") is { } stanza)
                Write(stanza);
        }

        if (isOpen)
            Write("</offline-messages>\n");
        await WriteArchiveAsync(archive);
        Write("</user>\n");
        Flush();
    }

    /// <summary>Ends the document.</summary>
    /// <inheritdoc cref="WriteAsync" path="/exception"/>
    public void End()
    {
        Write("</host>\n</server-data>\n");
        Flush();
    }

    private async Task WriteArchiveAsync(IAsyncEnumerable<ArchiveEntry> archive)
    {
        var isOpen = false;
        await foreach (var message in archive)
        {
            if (TryRead(message.Stanza, "an archived message") is null)
                continue;
            if (!isOpen)
                Write($"<archive xmlns='{PortableFormat.ArchiveNs}'>\n");
            isOpen = true;
            ArchiveResults.Write(_buffer, queryId: null, message);
            EndElement();
        }

        if (isOpen)
            Write("</archive>\n");
    }

    private IEnumerable<Element> PartsOf(StoredAccount stored)
    {
        yield return AccountOf(stored);
        foreach (var keys in stored.Account.Keys)
            yield return ScramOf(keys);

        var listed = stored.Roster.Entries.Where(entry => entry.IsListed).ToList();
        if (listed.Count > 0)
            yield return new Element(RosterItem.Query, listed.Select(RosterItem.ToElement));
        foreach (var entry in stored.Roster.Entries)
        {
            if (entry.Request is { } request)
                yield return request;
        }

        if (stored.Blocked.Count > 0)
            yield return BlockedOf(stored.Blocked);
        foreach (var part in DataOf(stored.Data))
            yield return part;
    }

    private Element AccountOf(StoredAccount stored) => new(PortableFormat.Account,
        Element.Attr("created", XmppDateTime.Format(stored.Account.Created)),
        Element.Attr("enabled", stored.Account.Enabled ? "true" : "false"),
        Element.Attr("last-login", stored.Account.LastLogin is { } login ? XmppDateTime.Format(login) : null),
        stored.Seen is { } seen
            ? new Element(
                PortableFormat.LastSeen, Element.Attr("at", XmppDateTime.Format(seen.At)), TryRead(seen.Presence, "a last presence"))
            : null);

    private static Element ScramOf(ScramKeys keys) => new(PortableFormat.Scram,
        Element.Attr("mechanism", $"SCRAM-{keys.Hash}"),
        new Element(PortableFormat.ScramNs, "iter-count", keys.Iterations.ToString(CultureInfo.InvariantCulture)),
        new Element(PortableFormat.ScramNs, "salt", Convert.ToBase64String(keys.Salt.Span)),
        new Element(PortableFormat.ScramNs, "server-key", Convert.ToBase64String(keys.ServerKey.Span)),
        new Element(PortableFormat.ScramNs, "stored-key", Convert.ToBase64String(keys.StoredKey.Span)));

    /// <summary>XEP-0191 §5: a block list is a default privacy list that denies everything to some addresses.</summary>
    private static Element BlockedOf(IReadOnlyList<Jid> blocked) => new(PortableFormat.Privacy,
        new Element(PortableFormat.PrivacyNs, "default", Element.Attr("name", BlockedList)),
        new Element(PortableFormat.PrivacyNs, "list", Element.Attr("name", BlockedList), blocked.Select((jid, i) =>
            new Element(PortableFormat.PrivacyItem,
                Element.Attr("type", "jid"),
                Element.Attr("value", jid.ToString()),
                Element.Attr("action", "deny"),
                Element.Attr("order", (i + 1).ToString(CultureInfo.InvariantCulture))))));

    private IEnumerable<Element> DataOf(IReadOnlyList<DataRecord> data)
    {
        var privateXml = new List<object>();
        foreach (var value in data)
        {
            switch (value.DataKind)
            {
                case VCardTemp.Kind when TryRead(value.Value, "a vCard") is { } card:
                    yield return card;
                    break;
                case PrivateXml.Kind when TryRead(value.Value, "private XML") is { } query:
                    privateXml.AddRange(query.Elements);
                    break;
                case not VCardTemp.Kind and not PrivateXml.Kind:
                    LeftOut.Add($"data of kind '{value.DataKind}'");
                    break;
            }
        }

        if (privateXml.Count > 0)
            yield return new Element(PrivateXml.Query, privateXml);
    }

    private Element? TryRead(ReadOnlyMemory<byte> stored, string what)
    {
        try
        {
            return StoredXml.Read(stored);
        }
        catch (FormatException)
        {
            LeftOut.Add($"{what} that isn't XML");
            return null;
        }
    }

    private void Write(Element element) => Write(element, PortableFormat.Ns);

    /// <param name="ns">The default namespace around it.</param>
    private void Write(Element element, string ns)
    {
        XmlStreamWriter.Write(_buffer, element, ns, streamPrefix: false);
        EndElement();
    }

    private void EndElement()
    {
        Write("\n");
        if (_buffer.WrittenCount > 32 * 1024)
            Flush();
    }

    private void Write(string text) => Encoding.UTF8.GetBytes(text, _buffer);

    private void Flush()
    {
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
