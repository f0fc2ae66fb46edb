using System.Globalization;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.Uploads;

public sealed record UploadOptions
{
    /// <summary>What stands before a host in the service's domain.</summary>
    public string Label { get; init; } = "upload";

    /// <summary>The largest file.</summary>
    [LargeBytes(1024, 1L << 40)]
    public long FileBytes { get; init; } = 100L * 1024 * 1024;

    /// <summary>The largest file for a profile, such as a picture of somebody.</summary>
    [LargeBytes(1024, 1L << 40)]
    public long ProfileFileBytes { get; init; } = 8L * 1024 * 1024;

    /// <summary>
    /// What an account may have at the same time, in bytes; 0: no limit. <c>xmppctl upload quota</c> sets others for single accounts.
    /// </summary>
    [LargeBytes(0, 1L << 50)]
    public long AccountBytes { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>What an account may upload within 24 hours, in bytes; 0: no limit.</summary>
    [LargeBytes(0, 1L << 50)]
    public long AccountBytesPerDay { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Files that an account may have at the same time.</summary>
    [Number(1, 1_000_000)]
    public int AccountFiles { get; init; } = 10_000;

    /// <summary>What all accounts may have together, in bytes; 0: no limit.</summary>
    [LargeBytes(0, 1L << 50)]
    public long ServiceBytes { get; init; } = 50L * 1024 * 1024 * 1024;

    /// <summary>How long a file sent in a message is kept; 0: as long as its account.</summary>
    [Duration("0s", "36500d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(90);

    /// <summary>The same for a profile.</summary>
    [Duration("0s", "36500d")]
    public TimeSpan KeepProfile { get; init; } = TimeSpan.Zero;

    /// <summary>Whether files may be uploaded that are kept as long as their account.</summary>
    public bool AllowPermanent { get; init; } = true;

    /// <summary>How long a client may take from asking to uploading.</summary>
    [Duration("10s", "1d")]
    public TimeSpan SlotTime { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>A size: plain bytes, or with the unit KB, MB, GB or TB (of 1,024).</summary>
public sealed class LargeBytesAttribute(long minimum, long maximum) : ConfigurationRuleAttribute
{
    private static readonly string[] Units = ["KB", "MB", "GB", "TB"];

    public override string Expected =>
        string.Create(CultureInfo.InvariantCulture, $"a number of bytes from {minimum} to {maximum}, such as \"100MB\" or \"2GB\"");

    public override object? Read(string text) =>
        Parse(text) is { } bytes && bytes >= minimum && bytes <= maximum ? bytes : null;

    /// <returns>Null when it is no size.</returns>
    public static long? Parse(string text)
    {
        var unit = Array.FindIndex(Units, text.EndsWith);
        var digits = unit < 0 ? text : text[..^2];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= long.MaxValue >> (10 * (unit + 1))
            ? number << (10 * (unit + 1))
            : null;
    }
}
