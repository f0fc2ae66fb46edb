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

    [Theory]
    [InlineData("00000000000000000000000000", true)]
    [InlineData("01jgfjjz00abcdefghjkmnpqrs", true)]
    [InlineData("7ezzzzzzzzzzzzzzzzzzzzzzzz", false)] // Beyond the year 9999.
    [InlineData("80000000000000000000000000", false)] // 129 bits.
    [InlineData("0000000000000000000000000", false)]
    [InlineData("000000000000000000000000000", false)]
    [InlineData("01JGFJJZ00ABCDEFGHJKMNPQRS", false)]
    [InlineData("0000000000000000000000000l", false)]
    [InlineData("0000000000000000000000000é", false)]
    [InlineData("", false)]
    public void What_is_written_is_read_and_nothing_else(string text, bool isId)
    {
        Assert.Equal(isId, SortableId.TryParse(text, out var id));
        if (isId)
            Assert.Equal(text, id.ToString());
    }

    [Fact]
    public void An_id_tells_its_time()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

        Assert.Equal(now, SortableId.New(now).Time);
    }

    [Fact]
    public void Ids_of_one_account_grow_whatever_the_clock_does()
    {
        var time = new SetTime { Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        var (ids, account) = (new SortableIds(time), Jid.Parse("juliet@localhost"));
        var last = ids.Next(account);
        for (var i = 0; i < 10_000; i++)
        {
            if (i == 5_000)
                time.Now -= TimeSpan.FromMinutes(1);
            var next = ids.Next(account);
            Assert.True(next.Value > last.Value);
            last = next;
        }
        Assert.InRange(last.Time, new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));
    }

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

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
