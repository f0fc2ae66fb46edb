using Xmpp.Core.Extensions;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class SortableIdTests
{
    [Theory]
    [InlineData(0, 0, "00000000000000000000000000")]
    [InlineData(0, 31, "0000000000000000000000000z")]
    [InlineData(ulong.MaxValue, ulong.MaxValue, "7zzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData(0x0000000000010000, 0, "00000000010000000000000000")] // One millisecond: the first ten characters are the time.
    public void An_id_is_26_digits_of_base_32(ulong high, ulong low, string text) =>
        Assert.Equal(text, new SortableId(new UInt128(high, low)).ToString());

    [Fact]
    public void Ids_sort_by_time_and_are_never_the_same()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        var ids = Enumerable.Range(0, 5_000).Select(i => SortableId.New(now.AddMilliseconds(i / 2))).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        for (var i = 0; i + 2 < ids.Count; i += 2)
            Assert.True(string.CompareOrdinal(ids[i].ToString(), ids[i + 2].ToString()) < 0);
        Assert.All(ids.Take(2), id => Assert.Equal(ids[0].ToString()[..10], id.ToString()[..10]));
    }

    [Fact]
    public void All_of_what_is_not_time_is_random()
    {
        var bits = UInt128.Zero;
        var common = UInt128.MaxValue;
        for (var i = 0; i < 1_000; i++)
        {
            var id = SortableId.New(DateTimeOffset.UnixEpoch).Value;
            bits |= id;
            common &= id;
        }

        Assert.Equal((UInt128.One << 80) - 1, bits);
        Assert.Equal(UInt128.Zero, common);
    }
}
