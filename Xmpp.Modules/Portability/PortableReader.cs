using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Portability;

/// <summary>
/// XEP-0227 Portable Import/Export Format: reads the users of a document and of those that it includes (§5), one after the other.
/// Memory holds one user without the messages.
/// </summary>
public sealed class PortableReader
{
    /// <summary>What a user may have without the messages.</summary>
    private const long MaxUserBytes = 64 * 1024 * 1024;

    private readonly string _path;
    private readonly LeftOut _leftOut;

    /// <param name="path">The file of a <c>server-data</c> or <c>host</c> element.</param>
    /// <param name="leftOut">Is told of what isn't taken over.</param>
    public PortableReader(string path, LeftOut leftOut) => (_path, _leftOut) = (Path.GetFullPath(path), leftOut);

    /// <summary>Each user: its start, its messages, the rest.</summary>
    /// <exception cref="PortableException">It is no such document; thrown where reading gets to that.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public IEnumerable<PortablePart> Read()
    {
        using var document = PortableDocument.Open(_path);
        if (document.Name != PortableFormat.ServerData && document.Name != PortableFormat.Host)
            throw document.Wrong($"XEP-0227 begins with <server-data xmlns='{PortableFormat.Ns}'/>, and this with {document.Name}");
        foreach (var part in document.Name == PortableFormat.Host ? ReadHost(document) : ReadServer(document))
            yield return part;
    }

    /// <summary>Whether a file looks like one, of whichever kind it is.</summary>
    public static bool IsXml(string path)
    {
        using var reader = new StreamReader(path);
        int next;
        do
        {
            next = reader.Read();
        }
        while (next >= 0 && char.IsWhiteSpace((char)next));
        return next == '<';
    }

    private IEnumerable<PortablePart> ReadServer(PortableDocument document)
    {
        foreach (var name in document.Children())
        {
            if (name == PortableFormat.Host)
            {
                foreach (var part in ReadHost(document))
                    yield return part;
            }
            else if (name == PortableFormat.Include)
            {
                using var included = OpenIncluded(document, PortableFormat.Host);
                foreach (var part in ReadHost(included))
                    yield return part;
            }
            else
            {
                LeaveOut(document);
            }
        }
    }

    private IEnumerable<PortablePart> ReadHost(PortableDocument document)
    {
        if (!Jid.TryParse(document["jid"], out var host) || host.Host != host)
            throw document.Wrong($"'{document["jid"]}' is no host");

        foreach (var name in document.Children())
        {
            if (name == PortableFormat.User)
            {
                foreach (var part in ReadUser(document, host))
                    yield return part;
            }
            else if (name == PortableFormat.Include)
            {
                using var included = OpenIncluded(document, PortableFormat.User);
                foreach (var part in ReadUser(included, host))
                    yield return part;
            }
            else
            {
                LeaveOut(document);
            }
        }
    }

    private IEnumerable<PortablePart> ReadUser(PortableDocument document, Jid host)
    {
        if (!Jid.TryCreate(document["name"] ?? "", host.Domain, null, out var account))
        {
            _leftOut.Add($"user '{document["name"]}' of {host}, whose name is no localpart");
            document.Skip();
            yield break;
        }

        var user = new PortableUserBuilder(account, document["password"], _leftOut);
        var hasBegun = false;
        var taken = 0L;
        foreach (var name in document.Children())
        {
            // Here, and no deeper: what looks the same further down is the user's (§5).
            using var included = name == PortableFormat.Include ? OpenIncluded(document, null) : null;
            var current = included ?? document;
            if (ReadMany(current, account) is { } parts)
            {
                if (!hasBegun)
                    yield return new PortableUserStart(account, user.Created);
                hasBegun = true;
                foreach (var part in parts)
                    yield return part;
                continue;
            }

            var before = current.Taken;
            if (!user.Take(current))
                LeaveOut(current);
            else if ((taken += current.Taken - before) > MaxUserBytes)
                throw current.Wrong($"{account} has more than {MaxUserBytes} bytes besides the messages");
        }

        if (!hasBegun)
            yield return new PortableUserStart(account, user.Created);
        yield return user.Build();
    }

    /// <summary>What there may be so many of that each is given as it is read; null for all else.</summary>
    private IEnumerable<PortablePart>? ReadMany(PortableDocument document, Jid account) =>
        document.Name == PortableFormat.OfflineMessages ? ReadMessages(document, account)
        : document.Name == PortableFormat.Archive ? ReadArchive(document, account)
        : document.Name == PubSubXml.OwnerRequest ? ReadNodes(document, account)
        : document.Name == PubSubXml.Request ? ReadItems(document, account)
        : null;

    private IEnumerable<PortablePart> ReadNodes(PortableDocument document, Jid account) =>
        PortableNodes.Read(account, document.Read().Elements, _leftOut).Select(node => new PortableNode(account, node));

    private IEnumerable<PortablePart> ReadItems(PortableDocument document, Jid account)
    {
        foreach (var items in document.Children())
        {
            if (items != new XmlName(PubSubXml.Ns, "items") || document["node"] is not { Length: > 0 } node)
            {
                LeaveOut(document);
                continue;
            }
            foreach (var name in document.Children())
            {
                if (name.Local != "item")
                {
                    LeaveOut(document);
                    continue;
                }
                var item = document.Read();
                yield return new PortableItem(
                    account, node, item["id"], Jid.TryParse(item["publisher"], out var publisher) ? publisher : null,
                    item.Elements.FirstOrDefault() is { } payload ? StoredXml.Write(payload) : default);
            }
        }
    }

    private IEnumerable<PortablePart> ReadArchive(PortableDocument document, Jid account)
    {
        foreach (var name in document.Children())
        {
            if (name != PortableFormat.Archived)
            {
                LeaveOut(document);
                continue;
            }

            var result = document.Read();
            if (Forwarded.Parse(result.Child(Forwarded.Name)) is { } forwarded && forwarded.Stanza.Name == PortableFormat.Message)
                yield return new PortableArchived(account, result["id"], forwarded.Delay?.Stamp.ToUniversalTime(), StoredXml.Write(forwarded.Stanza));
            else
                _leftOut.Add(name.ToString());
        }
    }

    private IEnumerable<PortablePart> ReadMessages(PortableDocument document, Jid account)
    {
        foreach (var name in document.Children())
        {
            if (PortableFormat.NameOfStanza(name) != PortableFormat.Message)
            {
                LeaveOut(document);
                continue;
            }

            var message = PortableFormat.AsStanza(document.Read());
            var delays = message.Elements.Select(Delay.Parse).OfType<Delay>().ToList();
            var delay = delays.Find(delay => delay.From == account.Host) ?? delays.LastOrDefault();
            yield return new PortableMessage(account, delay?.Stamp.ToUniversalTime(), StoredXml.Write(message));
        }
    }

    private void LeaveOut(PortableDocument document)
    {
        _leftOut.Add(document.Name.ToString());
        document.Skip();
    }

    /// <param name="expected">The root that it has to have; null when any will do.</param>
    private PortableDocument OpenIncluded(PortableDocument document, XmlName? expected)
    {
        if (document["parse"] is not (null or "xml") || document["xpointer"] is not null)
            throw document.Wrong("only whole files of XML can be included");
        var path = PathOf(document["href"] ?? "", document);
        document.Skip();
        var included = PortableDocument.Open(path);
        if (expected is null || included.Name == expected)
            return included;

        using (included)
            throw included.Wrong($"expected {expected}, not {included.Name}");
    }

    /// <summary>Only below the directory of the document: whoever writes one shouldn't choose what is read of this machine.</summary>
    private string PathOf(string href, PortableDocument document)
    {
        var directory = Path.GetDirectoryName(_path)!;
        if (href.Length > 0 && Uri.TryCreate(href, UriKind.Relative, out _))
        {
            var path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document.Path)!, Uri.UnescapeDataString(href)));
            if (path.StartsWith(directory + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                return path;
        }

        throw document.Wrong($"'{href}' is not the relative address of a file in or below {directory}");
    }
}
