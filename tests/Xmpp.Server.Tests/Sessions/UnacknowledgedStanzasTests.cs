using System.Text;
using Xmpp.Server.Sessions;
using Xunit;

namespace Xmpp.Server.Tests.Sessions;

/// <summary>What is kept of stanzas until they are acknowledged, and the count of them.</summary>
public sealed class UnacknowledgedStanzasTests
{
    [Fact]
    public void What_is_acknowledged_goes_and_the_rest_stays_in_order()
    {
        var stanzas = new UnacknowledgedStanzas();
        var expected = new Queue<string>();
        var random = new Random(198);
        for (var i = 0; i < 10_000; i++)
        {
            var stanza = $"<{i} {new string('x', random.Next(500))}>";
            expected.Enqueue(stanza);
            stanzas.Add(Encoding.UTF8.GetBytes(stanza), i, copies: null);
            // More are added than acknowledged for a while, then fewer.
            var acknowledged = Math.Min(random.Next(i / 1000 % 2 == 0 ? 2 : 4), expected.Count);
            stanzas.Acknowledge(acknowledged);
            for (; acknowledged > 0; acknowledged--)
                expected.Dequeue();

            Assert.Equal(expected.Count, stanzas.Count);
            if (i % 97 == 0)
                Assert.Equal(string.Concat(expected), Encoding.UTF8.GetString(stanzas.All));
        }

        var left = stanzas.Take();
        Assert.Equal(expected, left.Select(stanza => Encoding.UTF8.GetString(stanza.Stanza.Span)));
        Assert.Equal((0, 0), (stanzas.Count, stanzas.Bytes));
    }

    [Fact]
    public void A_copy_that_somebody_has_is_not_lost()
    {
        var (one, other) = (new UnacknowledgedStanzas(), new UnacknowledgedStanzas());
        var (safe, lost) = (new Copies(2), new Copies(2));
        foreach (var stanzas in (UnacknowledgedStanzas[])[one, other])
        {
            stanzas.Add("<safe/>"u8, 1, safe);
            stanzas.Add("<elsewhere/>"u8, 2, Copies.Elsewhere);
            stanzas.Add("<lost/>"u8, 3, lost);
        }
        other.Acknowledge(1);

        Assert.Empty(one.Take());
        Assert.Equal("<lost/>", Encoding.UTF8.GetString(Assert.Single(other.Take()).Stanza.Span));
    }

    /// <summary>XEP-0198 §4: the count is an unsignedInt, and starts again behind the last one.</summary>
    [Fact]
    public void Counts_begin_anew_behind_the_largest()
    {
        var management = new StreamManagement("id", TimeSpan.FromMinutes(1));
        const uint half = uint.MaxValue / 2 + 1;
        Assert.False(management.TryAcknowledge(1));

        // As many as no test could send.
        Wind(management, half);
        Wind(management, half - 1);
        Assert.Equal(uint.MaxValue, management.Sent);
        management.Unacknowledged.Add("<a/>"u8, 0, null);
        management.Unacknowledged.Add("<b/>"u8, 0, null);

        Assert.Equal(1u, management.Sent);
        Assert.False(management.TryAcknowledge(2));
        Assert.True(management.TryAcknowledge(0));
        Assert.Equal("<b/>"u8, management.Unacknowledged.All);
        Assert.True(management.TryAcknowledge(1));
        Assert.False(management.TryAcknowledge(0));
    }

    private static void Wind(StreamManagement management, uint count)
    {
        // Private on purpose: nothing else may set it.
        var field = typeof(StreamManagement).GetField(
            "_acknowledged", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!;
        field.SetValue(management, unchecked((uint)field.GetValue(management)! + count));
    }
}
