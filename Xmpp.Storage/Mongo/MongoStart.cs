using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>What is found out when a database is opened, in words for who configured it.</summary>
internal static unsafe class MongoStart
{
    public static SafeClientPool OpenPool(MongoUri uri, int threads)
    {
        BsonError error;
        // Looks up mongodb+srv and reads the files of TLS.
        var pool = LibMongoc.mongoc_client_pool_new_with_error(uri.Handle, &error);
        if (pool.IsInvalid)
        {
            pool.Dispose();
            throw MongoUri.Wrong("uri", $"({uri.Location}) can't be used: {uri.Redact(MongoException.Text(&error))}");
        }

        LibMongoc.mongoc_client_pool_set_error_api(pool, LibMongoc.ErrorApiVersion);
        // One for the thread that opens the database.
        LibMongoc.mongoc_client_pool_max_size(pool, (uint)threads + 1);
        return pool;
    }

    /// <exception cref="StoreException">The database can't be written; the message says why.</exception>
    public static void RequireWritable(MongoWorker worker, MongoUri uri)
    {
        try
        {
            worker.Write();
        }
        catch (MongoException failure)
        {
            var fault = MongoFault.Of(failure, uri.Redact);
            throw new StoreException(fault.Condition, $"mongodb.uri ({uri.Location}): {fault.Problem}{Remedy(fault, worker)}", failure);
        }
    }

    private static string Remedy(MongoFault fault, MongoWorker worker) => fault.Reason switch
    {
        FaultReason.NotPrimary =>
            " Name all members of the replica set and add replicaSet=NAME, without directConnection, so that the primary is found.",
        FaultReason.Credentials =>
            " Check user and password, authSource (the database that the user was made in, often admin) and authMechanism.",
        FaultReason.Unreachable => worker.MemberTypes is var types && types.Any(type => type.StartsWith("RS", StringComparison.Ordinal))
            ? $" Members answer ({string.Join(", ", types)}), but none is the primary: look at rs.status() on one of them."
            : " Check that mongod runs there, that it listens on that address and port, and that both sides agree on TLS.",
        _ => "",
    };
}
