using System.Globalization;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.Portability;

/// <summary>Gathers what a document says of a user, in whatever order.</summary>
internal sealed class PortableUserBuilder(Jid account, string? password, LeftOut leftOut)
{
    private const int MaxEntries = 100_000;
    private const string OldScram = "scram:";

    private readonly Dictionary<Jid, RosterEntry> _roster = [];
    private readonly HashSet<Jid> _blocked = [];
    private readonly Dictionary<string, List<Element>> _private = [];
    private readonly List<ScramKeys> _keys = [];
    private Element? _vCard;
    private PortableUser _user = new(account);

    /// <summary>When the account was made, as far as is known by now.</summary>
    public DateTimeOffset? Created { get; private set; }

    /// <summary>Takes the element that begins here; false when nobody knows it.</summary>
    public bool Take(PortableDocument document)
    {
        var name = document.Name;
        if (name == RosterItem.Query)
            TakeChildren(document, RosterItem.Item, AddItem);
        else if (name == PrivateXml.Query)
            TakeChildren(document, null, AddPrivate);
        else if (PortableFormat.NameOfStanza(name) == PortableFormat.Presence)
            AddRequest(PortableFormat.AsStanza(document.Read()));
        else if (name == PortableFormat.Scram)
            AddKeys(document.Read());
        else if (name == PortableFormat.Privacy)
            AddPrivacy(document.Read());
        else if (name == PortableFormat.Blocklist)
            TakeChildren(document, new(PortableFormat.Blocklist.Namespace, "item"), item => AddBlocked(item["jid"], item));
        else if (name == PortableFormat.Account)
            AddAccount(document.Read());
        else if (name == VCardTemp.Name && _vCard is null)
            _vCard = document.Read();
        else
            return false;

        return _roster.Count + _blocked.Count + _private.Count <= MaxEntries
            ? true
            : throw document.Wrong($"{account} has more than {MaxEntries} contacts and other entries");
    }

    public PortableUser Build()
    {
        var old = ParseOldScram();
        return _user with
        {
            // A password is worth more: of it all keys can be made.
            Password = old is null ? password : null,
            Keys = _keys.Count == 0 && old is not null ? [old] : _keys,
            Roster = _roster.Values,
            Blocked = _blocked,
            Data = [.. DataOf()],
        };
    }

    private void TakeChildren(PortableDocument document, XmlName? expected, Action<Element> take)
    {
        foreach (var name in document.Children())
        {
            if (expected is null || name == expected)
            {
                take(document.Read());
            }
            else
            {
                LeaveOut(name);
                document.Skip();
            }
        }
    }

    private void AddItem(Element item)
    {
        var isKnown = RosterItem.TryParseSubscription(item["subscription"] ?? "none", out var subscription);
        if (!isKnown || !Jid.TryParse(item["jid"], out var contact) || Find(contact).IsListed)
        {
            LeaveOut(item.Name);
            return;
        }

        var (name, groups) = RosterItem.Read(item);
        _roster[contact] = Find(contact) with
        {
            IsListed = true,
            Subscription = subscription,
            IsAsking = item["ask"] == "subscribe",
            IsApproved = item["approved"] is "true" or "1",
            Name = name,
            Groups = [.. groups.Where(group => group.Length > 0).Distinct(StringComparer.Ordinal)],
        };
    }

    private void AddRequest(Element presence)
    {
        if (presence["type"] != "subscribe" || !Jid.TryParse(presence["from"], out var from) || Find(from.Bare).Request is not null)
        {
            LeaveOut(presence.Name);
            return;
        }

        _roster[from.Bare] = Find(from.Bare) with
        {
            Request = presence.With("from", from.Bare.ToString()).With("to", account.ToString()),
        };
    }

    private RosterEntry Find(Jid contact) => _roster.GetValueOrDefault(contact) ?? new RosterEntry(contact);

    private void AddPrivate(Element element)
    {
        var ns = element.Name.Namespace;
        if (PrivateXml.Problem(ns) is not null)
        {
            LeaveOut(element.Name);
            return;
        }

        if (!_private.TryGetValue(ns, out var content))
            _private.Add(ns, content = []);
        content.Add(element);
    }

    private IEnumerable<DataRecord> DataOf()
    {
        foreach (var (ns, content) in _private)
            yield return new(account, PrivateXml.Kind, ns, StoredXml.Write(new Element(PrivateXml.Query, content)));
        if (_vCard is { Nodes.IsEmpty: false })
            yield return new(account, VCardTemp.Kind, "", StoredXml.Write(_vCard));
    }

    private void AddKeys(Element credentials)
    {
        var hash = ScramHash.All.FirstOrDefault(hash => hash.Mechanism == credentials["mechanism"]);
        var keys = hash is null ? null : ParseKeys(
            hash, TextOf("salt"), TextOf("iter-count"), TextOf("stored-key"), TextOf("server-key"));
        if (keys is null || _keys.Any(other => other.Hash == keys.Hash))
            leftOut.Add($"{credentials["mechanism"]} credentials");
        else
            _keys.Add(keys);

        string TextOf(string name) => credentials.Child(PortableFormat.ScramNs, name)?.Text.Trim() ?? "";
    }

    /// <summary>What ejabberd wrote before there was a place for it: scram:[hash,]stored key,server key,salt,iterations.</summary>
    private ScramKeys? ParseOldScram()
    {
        if (password?.StartsWith(OldScram, StringComparison.Ordinal) != true)
            return null;

        return password[OldScram.Length..].Split(',') switch
        {
            [var stored, var server, var salt, var iterations] => ParseKeys(ScramHash.Sha1, salt, iterations, stored, server),
            ["sha256", var stored, var server, var salt, var iterations] => ParseKeys(ScramHash.Sha256, salt, iterations, stored, server),
            ["sha512", var stored, var server, var salt, var iterations] => ParseKeys(ScramHash.Sha512, salt, iterations, stored, server),
            _ => null,
        };
    }

    private static ScramKeys? ParseKeys(ScramHash hash, string salt, string iterations, string storedKey, string serverKey)
    {
        var keys = (Salt: Decode(salt), Stored: Decode(storedKey), Server: Decode(serverKey));
        // ejabberd 23 wrote base64 of base64.
        if (keys.Stored?.Length > hash.Length)
            keys = (DecodeAgain(keys.Salt), DecodeAgain(keys.Stored), DecodeAgain(keys.Server));
        return keys.Salt is { Length: > 0 } && keys.Stored?.Length == hash.Length && keys.Server?.Length == hash.Length
            && int.TryParse(iterations, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? new(hash.Name, keys.Salt, count, keys.Stored, keys.Server)
            : null;
    }

    private static byte[]? DecodeAgain(byte[]? octets) => octets is null ? null : Decode(Encoding.Latin1.GetString(octets));

    private static byte[]? Decode(string base64)
    {
        var octets = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, octets, out var length) ? octets[..length] : null;
    }

    /// <summary>Of privacy lists (XEP-0016), what a block list can say: whom the default one denies everything.</summary>
    private void AddPrivacy(Element query)
    {
        var active = query.Child(PortableFormat.PrivacyNs, "default")?["name"];
        foreach (var list in query.Elements)
        {
            if (list.Name.Local == "default")
                continue;
            if (list.Name.Local != "list" || active is null || list["name"] != active)
            {
                LeaveOut(list.Name);
                continue;
            }

            foreach (var item in list.Elements.OrderBy(item => uint.TryParse(item["order"], out var order) ? order : uint.MaxValue))
            {
                // All that wasn't denied before.
                if (item["action"] == "allow" && item["type"] is null)
                    break;
                var stanzas = item.Elements.Select(stanza => stanza.Name).Distinct().Count();
                if (item["action"] == "deny" && item["type"] == "jid" && stanzas is 0 or 4)
                    AddBlocked(item["value"], item);
                else
                    LeaveOut(item.Name);
            }
        }
    }

    private void AddBlocked(string? text, Element item)
    {
        if (!Jid.TryParse(text, out var jid))
            LeaveOut(item.Name);
        else
            _blocked.Add(jid);
    }

    private void AddAccount(Element extension)
    {
        Created = TimeOf(extension["created"]);
        var seen = extension.Child(PortableFormat.LastSeen);
        _user = _user with
        {
            Enabled = extension["enabled"] != "false",
            LastLogin = TimeOf(extension["last-login"]),
            Seen = TimeOf(seen?["at"]) is { } at && seen!.Child(PortableFormat.Presence) is { } presence
                ? new(at, StoredXml.Write(presence))
                : null,
        };
    }

    private static DateTimeOffset? TimeOf(string? text) =>
        XmppDateTime.TryParse(text, out var time) ? time.ToUniversalTime() : null;

    private void LeaveOut(XmlName name) => leftOut.Add(name.ToString());
}
