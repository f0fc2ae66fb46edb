using System.Text.Json;
using System.Text.Json.Serialization;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>
/// How far a store has been filled: a setting of no host in it, from the first record that is put there until all are and were counted.
/// </summary>
/// <param name="Source">Where from, for people.</param>
/// <param name="Last">The last account that is complete; null when none is.</param>
/// <param name="Sha256">Of the lines of all records up to and including that account.</param>
public sealed partial record TransferMark(string Source, string? Last, string? Sha256)
{
    private const string Host = "";
    private const string Name = "transfer";

    /// <summary>Null for a store that is not being filled.</summary>
    /// <exception cref="StoreException">It can't be read.</exception>
    public static async ValueTask<TransferMark?> FindAsync(IStore store, CancellationToken cancellationToken) =>
        await store.Settings.FindAsync(Host, Name, cancellationToken) is { } json
            ? JsonSerializer.Deserialize(json, MarkJson.Default.TransferMark)
            : null;

    /// <summary>For whoever opens a store to work with it.</summary>
    /// <exception cref="StoreException">It holds only a part of what was to be moved there.</exception>
    public static async ValueTask RequireNoneAsync(IStore store, CancellationToken cancellationToken)
    {
        if (await FindAsync(store, cancellationToken) is { } mark)
        {
            throw new StoreException(StanzaErrorCondition.InternalServerError,
                $"{store.Status.Location} is incomplete: it was being filled from {mark.Source}. " +
                "Let xmppctl store import or copy finish that, or empty it.");
        }
    }

    internal SettingRecord ToRecord() => new(Host, Name, JsonSerializer.Serialize(this, MarkJson.Default.TransferMark));

    internal static ValueTask RemoveAsync(IStore store) => store.Settings.SetAsync(Host, Name, null, CancellationToken.None);

    internal Jid? LastAccount => Last is null ? null : Jid.Parse(Last);

    [JsonSerializable(typeof(TransferMark))]
    private sealed partial class MarkJson : JsonSerializerContext;
}
