namespace Xmpp.Core.Extensions;

/// <summary>
/// Makes ids of which each is greater than all before it that were made for the same account, also within a millisecond and when the
/// clock is set back; as hard to guess as others. Any thread may ask.
/// </summary>
public sealed class SortableIds(TimeProvider time)
{
    // Accounts share generators, so that there are few of them and threads seldom wait for each other.
    private readonly Generator[] _generators = [.. Enumerable.Range(0, 64).Select(_ => new Generator())];

    public SortableId Next(Jid account) =>
        _generators[(uint)account.GetHashCode() % (uint)_generators.Length].Next(SortableId.New(time.GetUtcNow()));

    private sealed class Generator
    {
        private readonly Lock _lock = new();
        private UInt128 _last;

        public SortableId Next(SortableId id)
        {
            lock (_lock)
            {
                // By up to 64 random bits of the 80 that are within a millisecond, and when those are used up, into the next.
                _last = id.Value > _last ? id.Value : _last + 1 + (ulong)id.Value;
                return new(_last);
            }
        }
    }
}
