using System.Runtime.InteropServices;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo.Native;

/// <summary>The system's libmongoc and the libbson that belongs to it.</summary>
internal static unsafe class MongoLibrary
{
    private static readonly Version Oldest = new(1, 23);

    // The two come from one source and in one version.
    private static readonly (string Driver, string Bson)[] Files =
        [("libmongoc2.so.2", "libbson2.so.2"), ("libmongoc-1.0.so.0", "libbson-1.0.so.0")];

    private static readonly Lock Gate = new();
    private static Version? _version;

    /// <summary>Loads and initialises the driver, once per process.</summary>
    /// <returns>Its version.</returns>
    /// <exception cref="StoreException">It is missing or too old; the message says what to install.</exception>
    public static Version Load()
    {
        lock (Gate)
        {
            if (_version is null)
            {
                var (driver, bson) = Find(Files);
                SystemLibraries.Use(LibMongoc.Library, driver);
                SystemLibraries.Use(LibBson.Library, bson);
                _version = Require(Marshal.PtrToStringUTF8(LibMongoc.mongoc_get_version()) ?? "");
                // Before anything else: it would write to the standard error stream.
                MongoLog.Install();
                LibMongoc.mongoc_init();
            }

            return _version;
        }
    }

    /// <summary>Loads the first pair that there is.</summary>
    internal static (nint Driver, nint Bson) Find(ReadOnlySpan<(string Driver, string Bson)> files)
    {
        foreach (var (driver, bson) in files)
        {
            if (NativeLibrary.TryLoad(bson, out var bsonHandle) && NativeLibrary.TryLoad(driver, out var driverHandle))
                return (driverHandle, bsonHandle);
        }

        throw new StoreException(StanzaErrorCondition.InternalServerError,
            "store = \"mongodb\" needs the MongoDB C driver, which is not installed. "
            + "On Debian: sudo apt-get install libmongoc-1.0-0 (from Debian 14 on libmongoc2-2)");
    }

    /// <param name="text">"1.23.1", "2.0.0-beta".</param>
    internal static Version Require(string text)
    {
        if (Version.TryParse(text.Split('-', '+')[0], out var version) && version >= Oldest)
            return version;
        throw new StoreException(StanzaErrorCondition.InternalServerError,
            $"store = \"mongodb\": the system's libmongoc is version {text}; {Oldest} or later is needed.");
    }
}
