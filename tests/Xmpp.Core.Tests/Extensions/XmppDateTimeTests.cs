using Xmpp.Core.Extensions;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class XmppDateTimeTests
{
    /// <summary>Text, the same moment in UTC.</summary>
    [Theory]
    [InlineData("1969-07-21T02:56:15Z", "1969-07-21T02:56:15Z")]
    [InlineData("1969-07-20T21:56:15-05:00", "1969-07-21T02:56:15Z")]
    [InlineData("2026-11-20T23:59:59.9Z", "2026-11-20T23:59:59.9Z")]
    [InlineData("2026-11-20T23:59:59.123456Z", "2026-11-20T23:59:59.123456Z")]
    [InlineData("2026-11-20T23:59:59.12345678901234567890Z", "2026-11-20T23:59:59.123456Z")]
    [InlineData("2026-11-20T23:59:59.000Z", "2026-11-20T23:59:59Z")]
    [InlineData("2024-02-29T00:00:00+14:00", "2024-02-28T10:00:00Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z")]
    public void A_moment_is_read_in_any_zone_and_written_in_UTC(string text, string utc)
    {
        Assert.True(XmppDateTime.TryParse(text, out var when));
        Assert.Equal(utc, XmppDateTime.Format(when));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Z")]
    [InlineData("1969-07-21")]
    [InlineData("02:56:15Z")]
    [InlineData("1969-07-21T02:56:15")]
    [InlineData("1969-07-21T02:56Z")]
    [InlineData("19690721T02:56:15")]
    [InlineData("1969-07-21 02:56:15Z")]
    [InlineData("1969-07-21t02:56:15z")]
    [InlineData(" 1969-07-21T02:56:15Z")]
    [InlineData("1969-07-21T02:56:15Z ")]
    [InlineData("1969-07-21T02:56:15.Z")]
    [InlineData("1969-07-21T02:56:15,5Z")]
    [InlineData("1969-07-21T02:56:15.5")]
    [InlineData("1969-07-21T02:56:15+5")]
    [InlineData("1969-07-21T02:56:15+0500")]
    [InlineData("1969-07-21T02:56:15+05:60")]
    [InlineData("1969-07-21T02:56:15+14:01")]
    [InlineData("1969-07-21T02:56:15Z+01:00")]
    [InlineData("1969-00-21T02:56:15Z")]
    [InlineData("1969-13-21T02:56:15Z")]
    [InlineData("1969-07-00T02:56:15Z")]
    [InlineData("1969-07-32T02:56:15Z")]
    [InlineData("2025-02-29T02:56:15Z")]
    [InlineData("1969-07-21T24:00:00Z")]
    [InlineData("1969-07-21T02:60:15Z")]
    [InlineData("1969-07-21T02:56:60Z")]
    [InlineData("0000-07-21T02:56:15Z")]
    [InlineData("-001-07-21T02:56:15Z")]
    [InlineData("12026-07-21T02:56:15Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    [InlineData("１９６９-07-21T02:56:15Z")]
    public void What_is_not_of_the_profile_is_refused(string text)
    {
        Assert.False(XmppDateTime.TryParse(text, out _));
    }

    [Fact]
    public void The_zone_of_a_parsed_moment_is_kept()
    {
        Assert.True(XmppDateTime.TryParse("1969-07-20T21:56:15-05:00", out var when));
        Assert.Equal(TimeSpan.FromHours(-5), when.Offset);
    }

    [Theory]
    [InlineData(0, "Z")]
    [InlineData(330, "+05:30")]
    [InlineData(-420, "-07:00")]
    [InlineData(-30, "-00:30")]
    [InlineData(840, "+14:00")]
    public void An_offset_is_written_as_a_time_zone_definition(int minutes, string text)
    {
        Assert.Equal(text, XmppDateTime.FormatOffset(TimeSpan.FromMinutes(minutes)));
    }
}
