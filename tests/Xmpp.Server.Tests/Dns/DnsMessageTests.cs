using Xmpp.Server.Dns;
using Xunit;

namespace Xmpp.Server.Tests.Dns;

/// <summary>Reading survives whatever comes.</summary>
public sealed class DnsMessageTests
{
    private static readonly byte[] Query = DnsMessage.WriteQuery(7, "a.example", DnsType.Srv, isExtended: true);

    private static Question Asked => Question.Read(Query);

    private static byte[] Sample => Asked.Reply(
        0,
        [
            Question.Service(1, 2, 5269, "b.example"), Question.Alias("c.example"), Question.Address("2001:db8::1", owner: "c.example"),
            Question.Record("", DnsType.Srv, 60, [0, 1, 0, 1, 20, 149, 1, (byte)'x', 0xC0, 12]),
        ],
        Question.Authority(5));

    [Fact]
    public void Names_may_point_backwards()
    {
        Assert.True(DnsMessage.TryRead(Sample, 7, "a.example", DnsType.Srv, out var message));
        Assert.Equal(["b.example", "x.a.example"], message.Answers.OfType<ServiceRecord>().Select(record => record.Target));
        Assert.Equal(5u, message.NegativeTimeToLive);
    }

    [Theory]
    [InlineData(new byte[] { 0xC0, 12 })] // To the question: fine, but an SRV record needs more.
    [InlineData(new byte[] { 0, 1, 0, 1, 0, 1, 0xC0, 0xFF })] // Forwards.
    [InlineData(new byte[] { 0, 1, 0, 1, 0, 1, 0xC0, 44 })] // To itself.
    [InlineData(new byte[] { 0, 1, 0, 1, 0, 1, 63, 1 })] // Behind the end.
    [InlineData(new byte[] { 0, 1, 0, 1, 0, 1, 1, (byte)'.', 0 })] // A dot that is none.
    [InlineData(new byte[] { 0, 1, 0, 1, 0, 1, 1, (byte)'a', 0, 0 })] // Something behind it.
    [InlineData(new byte[] { 0, 1, 0, 1, 0, 1, 0x80, 0 })] // No kind of label.
    public void Malformed_records_do_not_count(byte[] data)
    {
        Assert.True(DnsMessage.TryRead(
            Asked.Reply(Question.Record("", DnsType.Srv, 60, data)), 7, "a.example", DnsType.Srv, out var message));
        Assert.Empty(message.Answers);
    }

    [Fact]
    public void A_time_to_live_with_the_highest_bit_is_none()
    {
        Assert.True(DnsMessage.TryRead(
            Asked.Reply(Question.Address("192.0.2.1", timeToLive: 0x80000001)), 7, "a.example", DnsType.Srv, out var message));
        Assert.Equal(0u, Assert.Single(message.Answers).TimeToLive);
    }

    [Fact]
    public void Whatever_comes_is_read_to_an_end()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = Sample[..random.Next(Sample.Length + 1)];
            for (var changes = random.Next(6); changes > 0 && bytes.Length > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (DnsMessage.TryRead(bytes, 7, "a.example", DnsType.Srv, out var message))
                Assert.All(message.Answers, record => Assert.True(record.Owner.Length <= 253));
        }
    }

    [Fact]
    public void Circles_of_pointers_end()
    {
        // A pointer to a label in front of it, which ends in the same pointer.
        var data = new byte[] { 0, 1, 0, 1, 0, 1, 1, (byte)'a', 0xC0, 39 + 6 };
        Assert.True(DnsMessage.TryRead(
            Asked.Reply(Question.Record("", DnsType.Srv, 60, data)), 7, "a.example", DnsType.Srv, out var message));
        Assert.Empty(message.Answers);
    }
}
