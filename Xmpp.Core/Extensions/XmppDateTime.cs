using System.Globalization;
using Xmpp.Core.Modules;

namespace Xmpp.Core.Extensions;

/// <summary>XEP-0082 XMPP Date and Time Profiles: the DateTime profile, as text.</summary>
[Xep(82, "1.1.1")]
public static class XmppDateTime
{
    private const int TicksDigits = 7;

    /// <summary>In UTC, "2002-09-10T23:08:25Z"; a fraction of a second, where there is one, to the microsecond.</summary>
    public static string Format(DateTimeOffset when) =>
        when.UtcDateTime.ToString("yyyy'-'MM'-'dd'T'HH':'mm':'ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>The Time Zone Definition of an offset from UTC: "Z", "+05:30", "-07:00" (as XEP-0202 wants it).</summary>
    public static string FormatOffset(TimeSpan offset) => offset == TimeSpan.Zero
        ? "Z"
        : (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hh':'mm", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads CCYY-MM-DDThh:mm:ss[.sss]TZD. The time zone is mandatory; a fraction may have any number of digits, those
    /// beyond a tick (100 ns) are dropped. Surrounding white space isn't skipped.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset when)
    {
        when = default;
        if (text.Length < "CCYY-MM-DDThh:mm:ssZ".Length
            || !TryReadDigits(text[..4], out var year) || text[4] != '-'
            || !TryReadDigits(text[5..7], out var month) || text[7] != '-'
            || !TryReadDigits(text[8..10], out var day) || text[10] != 'T'
            || !TryReadDigits(text[11..13], out var hour) || text[13] != ':'
            || !TryReadDigits(text[14..16], out var minute) || text[16] != ':'
            || !TryReadDigits(text[17..19], out var second)
            || !TryReadFraction(text[19..], out var fraction, out var length)
            || !TryReadOffset(text[(19 + length)..], out var offset))
        {
            return false;
        }
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }
        var utc = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + fraction - offset.Ticks;
        if (utc < DateTime.MinValue.Ticks || utc > DateTime.MaxValue.Ticks)
            return false;
        when = new DateTimeOffset(utc, TimeSpan.Zero).ToOffset(offset);
        return true;
    }

    private static bool TryReadFraction(ReadOnlySpan<char> text, out int ticks, out int length)
    {
        (ticks, length) = (0, 0);
        if (text[0] != '.')
            return true;
        for (length = 1; length < text.Length && char.IsAsciiDigit(text[length]); length++)
        {
            if (length <= TicksDigits)
                ticks = ticks * 10 + (text[length] - '0');
        }
        for (var digits = length - 1; digits < TicksDigits; digits++)
            ticks *= 10;
        return length > 1;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (text is "Z")
            return true;
        if (text is not [('+' or '-') and var sign, _, _, ':', _, _]
            || !TryReadDigits(text[1..3], out var hours) || !TryReadDigits(text[4..], out var minutes)
            || minutes > 59 || hours * 60 + minutes > 14 * 60)
        {
            return false;
        }
        offset = new TimeSpan(hours, minutes, seconds: 0);
        if (sign == '-')
            offset = -offset;
        return true;
    }

    private static bool TryReadDigits(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
                return false;
            number = number * 10 + (c - '0');
        }
        return true;
    }
}
