using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// XEP-0421 Occupant identifiers: by which somebody is the same in a room whatever the nick, and by which nobody learns who it is, or that it
/// is the same as in another room (§4.1). It takes no more than a secret of the host.
/// </summary>
[Xep(421, "1.0.1")]
internal sealed class OccupantIds
{
    internal const string Ns = "urn:xmpp:occupant-id:0";

    private readonly byte[] _key;

    /// <param name="key">32 bytes that nobody else knows.</param>
    public OccupantIds(byte[] key) => _key = key;

    internal static XmlName Name { get; } = new(Ns, "occupant-id");

    /// <summary>Of somebody in a room; whichever resource, in letters, digits, "-" and "_".</summary>
    public string Of(Jid room, Jid user)
    {
        var text = Encoding.UTF8.GetBytes($"{room.Bare}\0{user.Bare}");
        return Base64Url.EncodeToString(HMACSHA256.HashData(_key, text));
    }

    public static Element ElementOf(string id) => new(Name, Element.Attr("id", id));
}

/// <summary>The secrets of the hosts, each made when it is first needed, and kept.</summary>
internal sealed class OccupantIdKeys(ISettingStore settings)
{
    private const string Setting = "rooms.occupant-id-key";

    private readonly ConcurrentDictionary<string, OccupantIds> _hosts = new();

    private SemaphoreSlim Making { get; } = new(1);

    /// <summary>Completes at once but for the first one of a host.</summary>
    public ValueTask<OccupantIds> GetAsync(string host, CancellationToken cancellationToken) =>
        _hosts.TryGetValue(host, out var ids) ? new(ids) : LoadAsync(host, cancellationToken);

    private async ValueTask<OccupantIds> LoadAsync(string host, CancellationToken cancellationToken)
    {
        await Making.WaitAsync(cancellationToken);
        try
        {
            if (_hosts.TryGetValue(host, out var made))
                return made;
            var kept = await settings.FindAsync(host, Setting, cancellationToken);
            var key = kept is null ? RandomNumberGenerator.GetBytes(32) : Convert.FromBase64String(kept);
            if (kept is null)
                await settings.SetAsync(host, Setting, Convert.ToBase64String(key), cancellationToken);
            return _hosts[host] = new(key);
        }
        finally
        {
            Making.Release();
        }
    }
}
