using Xmpp.Server.Hosting;

namespace Xmpp.Server.Sessions;

/// <summary>What is held back for an inactive client, in the order in which it goes out one day. Not safe for several threads.</summary>
internal sealed class HeldStanzas
{
    private readonly LinkedList<HeldStanza> _stanzas = new();
    private readonly Dictionary<string, LinkedListNode<HeldStanza>> _byKey = [];
    private int _bytes;

    /// <summary>Adds a stanza behind the others; an older one with the same key goes.</summary>
    public void Add(HeldStanza stanza)
    {
        if (stanza.Key is { } key)
        {
            if (_byKey.TryGetValue(key, out var older))
            {
                _bytes -= older.Value.Bytes.Length;
                _stanzas.Remove(older);
            }
            _byKey[key] = _stanzas.AddLast(stanza);
        }
        else
        {
            _stanzas.AddLast(stanza);
        }
        _bytes += stanza.Bytes.Length;
    }

    public bool IsOverLimit(ClientStateOptions limits) => _stanzas.Count > limits.HeldStanzas || _bytes > limits.HeldBytes;

    /// <summary>Takes all, in order.</summary>
    public IEnumerable<HeldStanza> Take() => Take(_ => true);

    /// <summary>Takes those of a sender, in order: of an address without resource also those of its resources.</summary>
    public IEnumerable<HeldStanza> TakeFrom(string sender) => Take(stanza => stanza.From is { } from
        && from.StartsWith(sender, StringComparison.Ordinal) && (from.Length == sender.Length || from[sender.Length] == '/'));

    private IEnumerable<HeldStanza> Take(Func<HeldStanza, bool> isWanted)
    {
        for (var (node, next) = (_stanzas.First, _stanzas.First?.Next); node is not null; (node, next) = (next, next?.Next))
        {
            var stanza = node.Value;
            if (!isWanted(stanza))
                continue;
            _stanzas.Remove(node);
            _bytes -= stanza.Bytes.Length;
            if (stanza.Key is { } key)
                _byKey.Remove(key);
            yield return stanza;
        }
    }
}
