using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Server.Hosting;

/// <summary>The store that the configuration names.</summary>
public static class ConfiguredStore
{
    /// <param name="time">For the times that it notes.</param>
    /// <param name="warned">Told what the driver of a database warns of, on any thread.</param>
    /// <exception cref="StoreException">It can't be opened; the message says why and what to do.</exception>
    public static async Task<IStore> OpenAsync(
        ServerOptions options, TimeProvider time, Action<string>? warned = null, CancellationToken cancellationToken = default) =>
        options.Store == "mongodb"
            ? await MongoStore.OpenAsync(MongodbOptions(options, warned), time, cancellationToken)
            : SqliteStore.Open(options.Sqlite.File, time);

    /// <inheritdoc cref="OpenAsync"/>
    public static MongoStoreOptions MongodbOptions(ServerOptions options, Action<string>? warned = null) => new()
    {
        Uri = options.Mongodb.Uri ?? throw new InvalidOperationException("A valid configuration has mongodb.uri."),
        Database = options.Mongodb.Database,
        Threads = options.Mongodb.Threads,
        Warned = warned,
    };
}
