using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Uploads;

/// <summary>How much an account may upload.</summary>
/// <param name="Bytes">At the same time; 0: no limit.</param>
/// <param name="BytesPerDay">Within 24 hours; 0: no limit.</param>
/// <param name="Files">At the same time.</param>
internal sealed record UploadQuota(long Bytes, long BytesPerDay, int Files)
{
    public static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Whether one more may come, and so many bytes, even if all counted that the account ever had. Looks at none of it.</summary>
    public bool IsFarFrom(AccountUploads uploads, long size) => uploads.Count < Files
        && (Bytes == 0 || uploads.Bytes + size <= Bytes) && (BytesPerDay == 0 || uploads.Bytes + size <= BytesPerDay);

    /// <summary>Whether one more may come.</summary>
    /// <param name="uploads">What the account has, is about to upload, or has uploaded within a day.</param>
    public StanzaError? Check(AccountUploads uploads, long size, DateTimeOffset now)
    {
        if (IsFarFrom(uploads, size))
            return null;
        var present = uploads.All.Where(upload => !upload.IsExpired(now)).ToList();
        if (present.Count >= Files)
            return Refuse($"You have {Files} files already.", WhenLess(present, upload => upload.Expires, _ => 1, present.Count + 1 - Files));
        if (Bytes > 0 && present.Sum(upload => upload.Size) + size - Bytes is > 0 and var excess)
        {
            return Refuse(
                $"Together your files have at most {Bytes} bytes.", WhenLess(present, upload => upload.Expires, upload => upload.Size, excess));
        }
        var today = uploads.All.Where(upload => upload.Created > now - Day).ToList();
        return BytesPerDay > 0 && today.Sum(upload => upload.Size) + size - BytesPerDay is > 0 and var over
            ? Refuse(
                $"You can upload {BytesPerDay} bytes in a day.",
                WhenLess(today, upload => upload.Created + Day, upload => upload.Size, over))
            : null;
    }

    /// <summary>XEP-0363 §6: temporary.</summary>
    /// <param name="retry">When it is worth while to ask again; null when nobody knows.</param>
    public static StanzaError Refuse(string text, DateTimeOffset? retry = null) =>
        new(StanzaErrorCondition.ResourceConstraint, StanzaErrorType.Wait, text, retry is not { } when ? null : new Element(
            HttpFileUpload.Ns, "retry", Element.Attr("stamp", XmppDateTime.Format(when))));

    /// <summary>When enough of it is gone by itself; null: never.</summary>
    private static DateTimeOffset? WhenLess(
        IEnumerable<Upload> uploads, Func<Upload, DateTimeOffset?> end, Func<Upload, long> weight, long excess)
    {
        foreach (var upload in uploads.Where(upload => end(upload) is not null).OrderBy(end))
        {
            excess -= weight(upload);
            if (excess <= 0)
                return end(upload);
        }
        return null;
    }
}
