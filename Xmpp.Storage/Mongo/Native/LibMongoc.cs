using System.Runtime.InteropServices;

namespace Xmpp.Storage.Mongo.Native;

/// <summary>
/// The official C driver, named as in its manual (https://mongoc.org/libmongoc/). libmongoc 1.23 and 2 agree in everything that
/// stands here.
/// </summary>
internal static unsafe partial class LibMongoc
{
    /// <summary>The name behind which <see cref="MongoLibrary"/> puts the file that there is.</summary>
    public const string Library = "mongoc";

    /// <summary>Errors of the server keep their codes (https://mongoc.org/libmongoc/current/errors.html).</summary>
    public const int ErrorApiVersion = 2;

    public const int WriteConcernWDefault = -2;
    public const int WriteConcernWUnacknowledged = 0;

    public const int FindAndModifyRemove = 1;
    public const int FindAndModifyUpsert = 2;
    public const int FindAndModifyReturnNew = 4;

    [LibraryImport(Library)]
    public static partial void mongoc_init();

    [LibraryImport(Library)]
    public static partial nint mongoc_get_version();

    [LibraryImport(Library)]
    public static partial void mongoc_log_set_handler(delegate* unmanaged<int, byte*, byte*, nint, void> handler, nint data);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeUri mongoc_uri_new_with_error(string text, BsonError* error);

    [LibraryImport(Library)]
    public static partial SafeUri mongoc_uri_copy(SafeUri uri);

    [LibraryImport(Library)]
    public static partial void mongoc_uri_destroy(nint uri);

    [LibraryImport(Library)]
    public static partial nint mongoc_uri_get_database(SafeUri uri);

    [LibraryImport(Library)]
    public static partial nint mongoc_uri_get_username(SafeUri uri);

    [LibraryImport(Library)]
    public static partial nint mongoc_uri_get_password(SafeUri uri);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_uri_has_option(SafeUri uri, string option);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mongoc_uri_get_option_as_int32(SafeUri uri, string option, int fallback);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_uri_set_option_as_int32(SafeUri uri, string option, int value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_uri_set_option_as_bool(
        SafeUri uri, string option, [MarshalAs(UnmanagedType.U1)] bool value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_uri_set_appname(SafeUri uri, string name);

    [LibraryImport(Library)]
    public static partial nint mongoc_uri_get_write_concern(SafeUri uri);

    [LibraryImport(Library)]
    public static partial void mongoc_uri_set_write_concern(SafeUri uri, SafeWriteConcern concern);

    [LibraryImport(Library)]
    public static partial SafeWriteConcern mongoc_write_concern_copy(nint concern);

    [LibraryImport(Library)]
    public static partial void mongoc_write_concern_destroy(nint concern);

    [LibraryImport(Library)]
    public static partial int mongoc_write_concern_get_w(SafeWriteConcern concern);

    [LibraryImport(Library)]
    public static partial void mongoc_write_concern_set_wmajority(SafeWriteConcern concern, int timeoutMilliseconds);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_write_concern_journal_is_set(SafeWriteConcern concern);

    [LibraryImport(Library)]
    public static partial void mongoc_write_concern_set_journal(SafeWriteConcern concern, [MarshalAs(UnmanagedType.U1)] bool journal);

    [LibraryImport(Library)]
    public static partial int mongoc_write_concern_get_wtimeout(SafeWriteConcern concern);

    [LibraryImport(Library)]
    public static partial SafeClientPool mongoc_client_pool_new_with_error(SafeUri uri, BsonError* error);

    [LibraryImport(Library)]
    public static partial void mongoc_client_pool_destroy(nint pool);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_pool_set_error_api(SafeClientPool pool, int version);

    [LibraryImport(Library)]
    public static partial void mongoc_client_pool_max_size(SafeClientPool pool, uint size);

    [LibraryImport(Library)]
    public static partial nint mongoc_client_pool_pop(SafeClientPool pool);

    [LibraryImport(Library)]
    public static partial void mongoc_client_pool_push(nint pool, nint client);

    [LibraryImport(Library)]
    public static partial nint mongoc_client_new_from_uri_with_error(SafeUri uri, BsonError* error);

    [LibraryImport(Library)]
    public static partial void mongoc_client_destroy(nint client);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_set_error_api(SafeClient client, int version);

    [LibraryImport(Library)]
    public static partial nint* mongoc_client_get_server_descriptions(SafeClient client, nuint* count);

    [LibraryImport(Library)]
    public static partial void mongoc_server_descriptions_destroy_all(nint* descriptions, nuint count);

    [LibraryImport(Library)]
    public static partial nint mongoc_server_description_type(nint description);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeCollection mongoc_client_get_collection(SafeClient client, string database, string name);

    [LibraryImport(Library)]
    public static partial void mongoc_collection_destroy(nint collection);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_command_with_opts(
        SafeClient client, string database, BsonT* command, nint readPreference, BsonT* options, BsonT* reply, BsonError* error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_client_write_command_with_opts(
        SafeClient client, string database, BsonT* command, BsonT* options, BsonT* reply, BsonError* error);

    [LibraryImport(Library)]
    public static partial SafeCursor mongoc_collection_find_with_opts(
        SafeCollection collection, BsonT* filter, BsonT* options, nint readPreference);

    [LibraryImport(Library)]
    public static partial SafeCursor mongoc_collection_aggregate(
        SafeCollection collection, int flags, BsonT* pipeline, BsonT* options, nint readPreference);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_cursor_next(SafeCursor cursor, BsonT** document);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_cursor_error(SafeCursor cursor, BsonError* error);

    [LibraryImport(Library)]
    public static partial void mongoc_cursor_destroy(nint cursor);

    [LibraryImport(Library)]
    public static partial SafeBulk mongoc_collection_create_bulk_operation_with_opts(SafeCollection collection, BsonT* options);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_bulk_operation_insert_with_opts(SafeBulk bulk, BsonT* document, BsonT* options, BsonError* error);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_bulk_operation_update_one_with_opts(
        SafeBulk bulk, BsonT* filter, BsonT* update, BsonT* options, BsonError* error);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_bulk_operation_update_many_with_opts(
        SafeBulk bulk, BsonT* filter, BsonT* update, BsonT* options, BsonError* error);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_bulk_operation_replace_one_with_opts(
        SafeBulk bulk, BsonT* filter, BsonT* replacement, BsonT* options, BsonError* error);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_bulk_operation_remove_one_with_opts(
        SafeBulk bulk, BsonT* filter, BsonT* options, BsonError* error);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_bulk_operation_remove_many_with_opts(
        SafeBulk bulk, BsonT* filter, BsonT* options, BsonError* error);

    [LibraryImport(Library)]
    public static partial uint mongoc_bulk_operation_execute(SafeBulk bulk, BsonT* reply, BsonError* error);

    [LibraryImport(Library)]
    public static partial void mongoc_bulk_operation_destroy(nint bulk);

    [LibraryImport(Library)]
    public static partial SafeFindAndModify mongoc_find_and_modify_opts_new();

    [LibraryImport(Library)]
    public static partial void mongoc_find_and_modify_opts_destroy(nint options);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_find_and_modify_opts_set_update(SafeFindAndModify options, BsonT* update);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_find_and_modify_opts_set_sort(SafeFindAndModify options, BsonT* sort);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_find_and_modify_opts_set_fields(SafeFindAndModify options, BsonT* fields);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_find_and_modify_opts_set_flags(SafeFindAndModify options, int flags);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool mongoc_collection_find_and_modify_with_opts(
        SafeCollection collection, BsonT* filter, SafeFindAndModify options, BsonT* reply, BsonError* error);
}
