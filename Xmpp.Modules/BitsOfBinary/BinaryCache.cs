using Xmpp.Core;

namespace Xmpp.Modules.BitsOfBinary;

/// <summary>What one account has sent.</summary>
/// <param name="Type">The media type.</param>
internal sealed record Bits(string Type, byte[] Content, DateTimeOffset Expires)
{
    /// <summary>Of what goes with the content.</summary>
    private const int Overhead = 400;

    public int Size => Content.Length + Overhead;
}

/// <summary>So many bytes of what accounts have sent; the oldest goes first.</summary>
internal sealed class BinaryCache(int capacity, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(Jid Account, string Id), Bits> _bits = [];
    private Queue<(Jid Account, string Id)> _order = new();
    private long _bytes;

    public void Put(Jid account, string id, Bits bits)
    {
        lock (_gate)
        {
            if (_bits.Remove((account, id), out var before))
                _bytes -= before.Size;
            else
                _order.Enqueue((account, id));
            _bits.Add((account, id), bits);
            _bytes += bits.Size;
            while (_bytes > capacity && _order.TryDequeue(out var oldest) && _bits.Remove(oldest, out var gone))
                _bytes -= gone.Size;
        }
    }

    /// <summary>Null when there is nothing, or nothing any more.</summary>
    public Bits? Find(Jid account, string id)
    {
        lock (_gate)
            return _bits.GetValueOrDefault((account, id)) is { } bits && bits.Expires > time.GetUtcNow() ? bits : null;
    }

    public void Forget(Jid account)
    {
        lock (_gate)
        {
            foreach (var key in _order.Where(key => key.Account == account))
            {
                if (_bits.Remove(key, out var gone))
                    _bytes -= gone.Size;
            }
            _order = new(_order.Where(key => key.Account != account));
        }
    }
}
