using System.Collections.Immutable;

namespace Xmpp.Modules.Uploads;

/// <summary>What an account has, or is about to have, by id. Immutable.</summary>
internal sealed record AccountUploads
{
    /// <summary>Those that are there; some have expired, or are gone but count for the day.</summary>
    public ImmutableDictionary<string, Upload> Kept { get; private init; } = ImmutableDictionary<string, Upload>.Empty;

    /// <summary>Slots that were given out.</summary>
    public ImmutableDictionary<string, Upload> Reserved { get; private init; } = ImmutableDictionary<string, Upload>.Empty;

    /// <summary>Its own, in bytes; null: as for everybody.</summary>
    public long? Quota { get; init; }

    /// <summary>When what isn't there any more was let go of.</summary>
    public DateTimeOffset Reconciled { get; init; }

    /// <summary>Of all that is here, in bytes.</summary>
    public long Bytes { get; private init; }

    public int Count => Kept.Count + Reserved.Count;

    public IEnumerable<Upload> All => Kept.Values.Concat(Reserved.Values);

    public static AccountUploads Of(ImmutableDictionary<string, Upload> kept, long? quota) =>
        new() { Kept = kept, Quota = quota, Bytes = kept.Values.Sum(upload => upload.Size) };

    public AccountUploads Reserve(Upload upload)
    {
        var others = Release(upload.Id);
        return others with { Reserved = others.Reserved.Add(upload.Id, upload), Bytes = others.Bytes + upload.Size };
    }

    public AccountUploads Release(string id) =>
        Reserved.TryGetValue(id, out var upload) ? this with { Reserved = Reserved.Remove(id), Bytes = Bytes - upload.Size } : this;

    public AccountUploads Keep(Upload upload)
    {
        var others = Forget(upload.Id);
        return others with { Kept = others.Kept.Add(upload.Id, upload), Bytes = others.Bytes + upload.Size };
    }

    public AccountUploads Forget(string id) =>
        Kept.TryGetValue(id, out var upload) ? this with { Kept = Kept.Remove(id), Bytes = Bytes - upload.Size } : this;
}
