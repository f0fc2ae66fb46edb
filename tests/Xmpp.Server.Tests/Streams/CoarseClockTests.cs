using Xmpp.Server.Streams;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

public sealed class CoarseClockTests
{
    [Fact]
    public void It_shows_whole_seconds_and_moves_when_it_is_told_to()
    {
        var time = new ManualTime();
        var clock = new CoarseClock(time);

        time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Equal(0, clock.Seconds);
        clock.Advance();

        Assert.Equal(2, clock.Seconds);
    }
}
