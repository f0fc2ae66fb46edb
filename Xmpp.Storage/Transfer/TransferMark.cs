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
/// <param name="Sha256">Of the lines of all records up to and including what is complete.</param>
/// <param name="LastRoom">The last room that is complete; with it all accounts are.</param>
public sealed partial record TransferMark(string Source, string? Last, string? Sha256, string? LastRoom = null)
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

    /// <summary>The room, or else the account, that is complete last; null when none is.</summary>
    internal Jid? LastOwner => (LastRoom ?? Last) is { } last ? Jid.Parse(last) : null;

    /// <summary>The mark when an account, or a room, is complete.</summary>
    /// <param name="sha256">Of all lines up to and including what belongs to it.</param>
    internal TransferMark Behind(StoreRecord owner, string sha256) => owner switch
    {
        RoomRecord room => this with { LastRoom = room.Room.Room.ToString(), Sha256 = sha256 },
        AccountRecord account => this with { Last = account.Account.Jid.ToString(), Sha256 = sha256 },
        _ => this,
    };

    /// <summary>Whether a record is the first of what wasn't complete, or further behind.</summary>
    internal bool IsInFrontOf(StoreRecord record) => record switch
    {
        AccountPart or RoomPart or NodePart => false,
        AccountRecord account => LastRoom is null && (Last is null || RecordOrder.Compare(account.Account.Jid, Jid.Parse(Last)) > 0),
        RoomRecord room => LastRoom is null || RecordOrder.Compare(room.Room.Room, Jid.Parse(LastRoom)) > 0,
        _ => true,
    };

    [JsonSerializable(typeof(TransferMark))]
    private sealed partial class MarkJson : JsonSerializerContext;
}
