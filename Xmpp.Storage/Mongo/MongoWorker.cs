using System.Runtime.InteropServices;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>A client of the driver's with what belongs to it: the calls, which block. It is used by one thread.</summary>
internal sealed unsafe partial class MongoWorker : IDisposable
{
    /// <summary>What MongoDB stores at most in one document.</summary>
    public const int MaxDocumentBytes = 16 * 1024 * 1024;

    private const int Slots = 5;
    private const int ReplySlot = Slots - 1;

    // Nothing is written here: deleting what is not there shows that a primary takes writes and a majority follows.
    private const string ProbeCollection = "probe";
    private static readonly BulkStep ProbeStep = BulkStep.Delete(BsonDocument.Build(static filter => filter.Int32("_id", 0)), many: false);

    private readonly MongoUri _uri;
    private readonly SafeClient _client;
    private readonly Dictionary<string, SafeCollection> _collections = [];
    private readonly BsonT* _slots = (BsonT*)NativeMemory.AlignedAlloc(Slots * (nuint)sizeof(BsonT), BsonT.Alignment);

    public MongoWorker(SafeClientPool pool, MongoUri uri) => (_uri, _client) = (uri, pool.Pop());

    /// <summary>What the driver knows of the members: "RSPrimary", "RSSecondary", "Standalone", "Mongos", "Unknown" …</summary>
    public IReadOnlyList<string> MemberTypes
    {
        get
        {
            nuint count;
            var members = LibMongoc.mongoc_client_get_server_descriptions(_client, &count);
            var types = new string[count];
            for (nuint i = 0; i < count; i++)
                types[i] = Marshal.PtrToStringUTF8(LibMongoc.mongoc_server_description_type(members[i])) ?? "";
            LibMongoc.mongoc_server_descriptions_destroy_all(members, count);
            return types;
        }
    }

    /// <summary>Writes as durably as everything else, but nothing.</summary>
    /// <exception cref="MongoException">That was not possible.</exception>
    public bool Write() => Execute(ProbeCollection, new(in ProbeStep)).Deleted == 0;

    /// <summary>Whether the database works.</summary>
    /// <returns>What is wrong, or null.</returns>
    public MongoFault? Probe()
    {
        try
        {
            Write();
            return null;
        }
        catch (MongoException failure) when (MongoFault.Of(failure, _uri.Redact) is { Scope: not FaultScope.Operation } fault)
        {
            return fault;
        }
        catch (MongoException)
        {
            // An answer, whatever it says.
            return null;
        }
    }

    /// <summary>Says what a failure means.</summary>
    /// <param name="failure">Becomes what the caller is told.</param>
    /// <returns>What is wrong with the database; null when something else failed.</returns>
    public MongoFault? Explain(ref Exception failure)
    {
        switch (failure)
        {
            case MongoException error:
                var fault = MongoFault.Of(error, _uri.Redact);
                failure = fault.ToStoreException(_uri.Location, error);
                return fault;
            case BsonException damage:
                failure = new StoreException(StanzaErrorCondition.InternalServerError,
                    $"{_uri.Location}: a document is not as it should be: {damage.Message}", damage);
                return null;
            default:
                return null;
        }
    }

    public StoreException Explain(MongoException error) => MongoFault.Of(error, _uri.Redact).ToStoreException(_uri.Location, error);

    public List<T> Find<T>(string collection, BsonDocument filter, BsonDocument options, BsonRead<T> read)
    {
        fixed (byte* filterBytes = filter.Bytes, optionBytes = options.Bytes)
        {
            using var cursor = LibMongoc.mongoc_collection_find_with_opts(
                Collection(collection), Lend(0, filterBytes, filter), Lend(1, optionBytes, options), 0);
            return ReadAll(cursor, read);
        }
    }

    public List<T> Aggregate<T>(string collection, BsonDocument pipeline, BsonRead<T> read)
    {
        fixed (byte* pipelineBytes = pipeline.Bytes)
        {
            using var cursor = LibMongoc.mongoc_collection_aggregate(Collection(collection), 0, Lend(0, pipelineBytes, pipeline), null, 0);
            return ReadAll(cursor, read);
        }
    }

    /// <returns>What was read of the document as it was before or is after the change; the default when there was none.</returns>
    public T? FindAndModify<T>(string collection, BsonDocument filter, BsonDocument update, FindAndUpdateOptions options, BsonRead<T> read)
    {
        using var native = LibMongoc.mongoc_find_and_modify_opts_new();
        fixed (byte* filterBytes = filter.Bytes, bytes = update.Bytes, sort = options.Sort.Bytes, fields = options.Projection.Bytes)
        {
            // The driver copies these, so that they can take turns.
            if (!options.Remove)
                LibMongoc.mongoc_find_and_modify_opts_set_update(native, Lend(0, bytes, update));
            if (!options.Sort.IsEmpty)
                LibMongoc.mongoc_find_and_modify_opts_set_sort(native, Lend(0, sort, options.Sort));
            if (!options.Projection.IsEmpty)
                LibMongoc.mongoc_find_and_modify_opts_set_fields(native, Lend(0, fields, options.Projection));
            LibMongoc.mongoc_find_and_modify_opts_set_flags(native,
                (options.Remove ? LibMongoc.FindAndModifyRemove : 0) | (options.Upsert ? LibMongoc.FindAndModifyUpsert : 0)
                | (options.ReturnNew ? LibMongoc.FindAndModifyReturnNew : 0));
            BsonError error;
            var done = LibMongoc.mongoc_collection_find_and_modify_with_opts(
                Collection(collection), Lend(0, filterBytes, filter), native, _slots + ReplySlot, &error);
            return ReadReply(done, &error, reply => reply.Has("value"u8) ? read(reply.Document) : default);
        }
    }

    public T Command<T>(BsonDocument command, BsonRead<T> read)
    {
        fixed (byte* bytes = command.Bytes)
        {
            BsonError error;
            var done = LibMongoc.mongoc_client_command_with_opts(
                _client, _uri.Database, Lend(0, bytes, command), 0, null, _slots + ReplySlot, &error);
            return ReadReply(done, &error, read);
        }
    }

    /// <summary>Runs the command with a client for this once, which waits for the answer as long as it may take.</summary>
    public T WriteCommand<T>(BsonDocument command, BsonRead<T> read, TimeSpan timeout)
    {
        using var patient = LibMongoc.mongoc_uri_copy(_uri.Handle);
        LibMongoc.mongoc_uri_set_option_as_int32(patient, MongoUri.SocketTimeout, (int)timeout.TotalMilliseconds);
        // A client of no pool would else look for the primary once only.
        LibMongoc.mongoc_uri_set_option_as_bool(patient, "serverSelectionTryOnce", false);
        BsonError error;
        using var client = new SafeClient(pool: null, LibMongoc.mongoc_client_new_from_uri_with_error(patient, &error));
        if (client.IsInvalid)
            throw MongoException.Of(&error);
        LibMongoc.mongoc_client_set_error_api(client, LibMongoc.ErrorApiVersion);
        fixed (byte* bytes = command.Bytes)
        {
            var done = LibMongoc.mongoc_client_write_command_with_opts(
                client, _uri.Database, Lend(0, bytes, command), null, _slots + ReplySlot, &error);
            return ReadReply(done, &error, read);
        }
    }

    public void Dispose()
    {
        foreach (var collection in _collections.Values)
            collection.Dispose();
        _client.Dispose();
        NativeMemory.AlignedFree(_slots);
    }

    private SafeCollection Collection(string name)
    {
        if (!_collections.TryGetValue(name, out var collection))
            _collections.Add(name, collection = LibMongoc.mongoc_client_get_collection(_client, _uri.Database, name));
        return collection;
    }

    // Where the driver takes null for an empty document it also takes the document.
    private BsonT* Lend(int slot, byte* bytes, BsonDocument document) =>
        LibBson.bson_init_static(_slots + slot, bytes, (nuint)document.Length)
            ? _slots + slot
            : throw new BsonException("The driver does not take the document.");

    private static List<T> ReadAll<T>(SafeCursor cursor, BsonRead<T> read)
    {
        var found = new List<T>();
        BsonT* document;
        while (LibMongoc.mongoc_cursor_next(cursor, &document))
            found.Add(read(new BsonReader(new(LibBson.bson_get_data(document), (int)document->Length))));
        BsonError error;
        return LibMongoc.mongoc_cursor_error(cursor, &error) ? throw MongoException.Of(&error) : found;
    }

    // The driver makes a reply in any case.
    private T ReadReply<T>(bool done, BsonError* error, BsonRead<T> read)
    {
        var reply = _slots + ReplySlot;
        try
        {
            return done
                ? read(new BsonReader(new(LibBson.bson_get_data(reply), (int)reply->Length)))
                : throw MongoException.Of(error);
        }
        finally
        {
            LibBson.bson_destroy(reply);
        }
    }
}
