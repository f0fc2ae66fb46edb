using System.Buffers;

namespace Xmpp.Server.Transport;

/// <summary>
/// Byte arrays of a few fixed sizes for socket input and output. Unlike <see cref="ArrayPool{T}.Shared"/> it keeps as
/// many as a batch that touches hundreds of connections needs, and it can tell how many are out.
/// </summary>
internal static class SlabPool
{
    /// <summary>The size of what one receive from a socket can fill.</summary>
    public const int ReceiveSize = 16 * 1024;

    /// <summary>The largest size kept here. Larger arrays are rare and come from the shared array pool.</summary>
    public const int LargestSize = 64 * 1024;

    /// <summary>What one stripe keeps of one size.</summary>
    private const int MaxKeptBytes = 2 * 1024 * 1024;

    private static readonly int[] Sizes = [1024, 4096, ReceiveSize, LargestSize];
    private static readonly Stripe[] Stripes = CreateStripes();
    private static long s_allocated;
    private static long s_dropped;
    private static long s_largeRented;

    /// <summary>Arrays rented and not returned yet. A snapshot: exact only while nothing rents or returns.</summary>
    public static long Outstanding
    {
        get
        {
            var kept = 0L;
            foreach (var stripe in Stripes)
                kept += stripe.Count;
            return Interlocked.Read(ref s_allocated) - Interlocked.Read(ref s_dropped) - kept + Interlocked.Read(ref s_largeRented);
        }
    }

    /// <summary>An array of at least the given length, with whatever was in it.</summary>
    public static byte[] Rent(int minimumLength)
    {
        var index = IndexFor(minimumLength);
        if (index < 0)
        {
            Interlocked.Increment(ref s_largeRented);
            return ArrayPool<byte>.Shared.Rent(minimumLength);
        }
        // The stripe of this core first: its arrays are in this core's cache, and nobody else is waiting for its lock.
        var stripes = Stripes;
        var home = Thread.GetCurrentProcessorId() % stripes.Length;
        for (var i = 0; i < stripes.Length; i++)
        {
            if (stripes[(home + i) % stripes.Length].TryPop(index) is { } kept)
                return kept;
        }
        Interlocked.Increment(ref s_allocated);
        return GC.AllocateUninitializedArray<byte>(Sizes[index]);
    }

    public static void Return(byte[] array)
    {
        if (array.Length > LargestSize)
        {
            Interlocked.Decrement(ref s_largeRented);
            ArrayPool<byte>.Shared.Return(array);
        }
        else if (!Stripes[Thread.GetCurrentProcessorId() % Stripes.Length].TryPush(IndexFor(array.Length), array))
        {
            Interlocked.Increment(ref s_dropped);
        }
    }

    /// <summary>The length of the array that <see cref="Rent"/> gives; beyond the largest size the minimum itself.</summary>
    public static int SizeFor(int minimumLength) => IndexFor(minimumLength) is >= 0 and var index ? Sizes[index] : minimumLength;

    private static int IndexFor(int length)
    {
        for (var i = 0; i < Sizes.Length; i++)
        {
            if (length <= Sizes[i])
                return i;
        }
        return -1;
    }

    private static Stripe[] CreateStripes()
    {
        var stripes = new Stripe[Math.Min(Environment.ProcessorCount, 32)];
        for (var i = 0; i < stripes.Length; i++)
            stripes[i] = new Stripe();
        return stripes;
    }

    /// <summary>One stack for each size.</summary>
    private sealed class Stripe
    {
        private readonly Lock _gate = new();
        private readonly byte[][][] _stacks = [.. Sizes.Select(_ => Array.Empty<byte[]>())];
        private readonly int[] _counts = new int[Sizes.Length];

        public long Count
        {
            get
            {
                lock (_gate)
                    return _counts.Sum();
            }
        }

        public byte[]? TryPop(int index)
        {
            // A stale look without the lock costs an allocation or a wasted try, nothing else.
            if (Volatile.Read(ref _counts[index]) == 0)
                return null;
            lock (_gate)
            {
                var count = _counts[index];
                if (count == 0)
                    return null;
                _counts[index] = --count;
                var array = _stacks[index][count];
                _stacks[index][count] = null!;
                return array;
            }
        }

        public bool TryPush(int index, byte[] array)
        {
            lock (_gate)
            {
                var count = _counts[index];
                var stack = _stacks[index];
                if (count == stack.Length)
                {
                    var limit = MaxKeptBytes / Sizes[index];
                    if (count == limit)
                        return false;
                    Array.Resize(ref _stacks[index], Math.Min(Math.Max(16, count * 2), limit));
                    stack = _stacks[index];
                }
                stack[count] = array;
                _counts[index] = count + 1;
                return true;
            }
        }
    }
}
