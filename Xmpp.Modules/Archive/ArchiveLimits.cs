using System.Globalization;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Archive;

/// <summary>How much an archive may hold.</summary>
/// <param name="MaxAge">Older messages go; zero: any age. Null: as is set for more.</param>
/// <param name="MaxMessages">The oldest of more go; zero: any number. Null: as is set for more.</param>
public sealed record ArchiveLimits(TimeSpan? MaxAge, int? MaxMessages)
{
    /// <summary>Nothing of its own.</summary>
    public static ArchiveLimits None { get; } = new(null, null);

    /// <summary>These, and where they say nothing, those.</summary>
    public ArchiveLimits Or(ArchiveLimits otherwise) => new(MaxAge ?? otherwise.MaxAge, MaxMessages ?? otherwise.MaxMessages);

    /// <summary>The stricter of both, each by itself.</summary>
    public ArchiveLimits And(ArchiveLimits other) => new(
        Stricter(MaxAge, other.MaxAge, TimeSpan.Zero), Stricter(MaxMessages, other.MaxMessages, 0));

    private static T? Stricter<T>(T? one, T? other, T none) where T : struct, IComparable<T> =>
        other is not { } wanted || wanted.CompareTo(none) == 0 ? one
        : one is not { } limit || limit.CompareTo(none) == 0 || wanted.CompareTo(limit) < 0 ? other
        : one;

    /// <summary>As it is stored: seconds and number, "-" for null.</summary>
    internal string Format() => $"{Number((long?)MaxAge?.TotalSeconds)} {Number(MaxMessages)}";

    internal static ArchiveLimits Parse(string? stored) => stored?.Split(' ') is [var age, var messages]
        ? new(
            long.TryParse(age, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null,
            int.TryParse(messages, CultureInfo.InvariantCulture, out var number) ? number : null)
        : None;

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>What operators have set for single hosts and accounts.</summary>
public sealed class ArchiveLimitBook(ISettingStore settings, IAccountDataStore accountData)
{
    private const string Name = "archive-limits";
    private static readonly AccountDataLimit Room = new(MaxEntries: 1, MaxBytes: 1024);

    /// <param name="of">An account, or a host.</param>
    public async ValueTask<ArchiveLimits> FindAsync(Jid of, CancellationToken cancellationToken) => ArchiveLimits.Parse(
        of.Local is null ? await settings.FindAsync(of.Domain, Name, cancellationToken)
        : await accountData.FindAsync(of, Name, "", cancellationToken) is { } stored ? Encoding.UTF8.GetString(stored.Span)
        : null);

    /// <param name="of">An account, or a host.</param>
    /// <returns>False when there is no such account.</returns>
    public async ValueTask<bool> SetAsync(Jid of, ArchiveLimits limits, CancellationToken cancellationToken)
    {
        if (of.Local is null)
            await settings.SetAsync(of.Domain, Name, limits == ArchiveLimits.None ? null : limits.Format(), cancellationToken);
        else if (limits == ArchiveLimits.None)
            await accountData.RemoveAsync(of, Name, "", cancellationToken);
        else
            return await accountData.SetAsync(of, Name, "", Encoding.UTF8.GetBytes(limits.Format()), Room, cancellationToken)
                == AccountDataOutcome.Kept;
        return true;
    }
}
