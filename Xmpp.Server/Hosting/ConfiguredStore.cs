using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;
using Xmpp.Storage.Transfer;

namespace Xmpp.Server.Hosting;

/// <summary>The store that the configuration names, for whoever works with it.</summary>
public static class ConfiguredStore
{
    /// <param name="time">For the times that it notes.</param>
    /// <param name="warned">Told what the driver of a database warns of, on any thread.</param>
    /// <exception cref="StoreException">It can't be opened, or is incomplete; the message says why and what to do.</exception>
    public static async Task<IStore> OpenAsync(
        ServerOptions options, TimeProvider time, Action<string>? warned = null, CancellationToken cancellationToken = default)
    {
        IStore store = options.Store == "mongodb"
            ? await MongoStore.OpenAsync(MongodbOptions(options, warned), time, cancellationToken)
            : SqliteStore.Open(options.Sqlite.File, time);
        return await RequireWholeAsync(store, cancellationToken);
    }

    /// <returns>The store; disposed when it is incomplete, since something is being moved there.</returns>
    /// <exception cref="StoreException">It is.</exception>
    public static async Task<IStore> RequireWholeAsync(IStore store, CancellationToken cancellationToken)
    {
        try
        {
            await TransferMark.RequireNoneAsync(store, cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <param name="warned">See <see cref="OpenAsync"/>.</param>
    public static MongoStoreOptions MongodbOptions(ServerOptions options, Action<string>? warned = null) => new()
    {
        Uri = options.Mongodb.Uri ?? throw new InvalidOperationException("A valid configuration has mongodb.uri."),
        Database = options.Mongodb.Database,
        Threads = options.Mongodb.Threads,
        Warned = warned,
    };
}
