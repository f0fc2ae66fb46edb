using System.Buffers;
using System.Runtime.InteropServices;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>The connection string as the driver understood it, with our defaults where it is silent.</summary>
internal sealed unsafe class MongoUri : IDisposable
{
    public const string SocketTimeout = "socketTimeoutMS";

    private const string Form = "Expected mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS; "
        + "in it write @ : / ? # [ ] % of user and password as %40 %3A %2F %3F %23 %5B %5D %25.";

    private const string DefaultDatabase = "xmppchat";
    private const int LongestDatabaseName = 63;

    // Shorter than the driver's 30 s and 5 min: somebody waits for the answer.
    private static readonly (string Option, int Milliseconds)[] Timeouts =
        [("serverSelectionTimeoutMS", 5_000), ("connectTimeoutMS", 5_000), (SocketTimeout, 10_000)];

    // Less than socketTimeoutMS: the server says what is wrong before the connection is given up.
    private const int WriteConcernTimeout = 8_000;

    private static readonly SearchValues<char> NotInNames = SearchValues.Create("/\\. \"$*<>:|?\0");

    private readonly string _text;

    private MongoUri(SafeUri handle, string database, string text)
    {
        (Handle, Database, _text) = (handle, database, text);
        Location = Anonymous(text, database);
    }

    public SafeUri Handle { get; }

    public string Database { get; }

    /// <summary>Scheme, hosts and database: for the log.</summary>
    public string Location { get; }

    /// <summary>What the connection string says of the number of connections; 0 when it says nothing.</summary>
    public int MaxPoolSize => LibMongoc.mongoc_uri_get_option_as_int32(Handle, "maxPoolSize", 0);

    /// <exception cref="StoreException">It is none, or asks for what can't be; the message has no secret.</exception>
    public static MongoUri Parse(string text, string? database)
    {
        if (HasStrayAt(text))
            throw Wrong("uri", $"is no connection string: there is an \"@\" that does not stand before the hosts. {Form}");
        BsonError error;
        var handle = LibMongoc.mongoc_uri_new_with_error(text, &error);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            throw Wrong("uri", $"is no connection string: {Redact(MongoException.Text(&error), text)}. {Form}");
        }

        try
        {
            var name = database ?? Marshal.PtrToStringUTF8(LibMongoc.mongoc_uri_get_database(handle)) ?? DefaultDatabase;
            if (name.Length is 0 or > LongestDatabaseName || name.AsSpan().ContainsAny(NotInNames))
                throw Wrong("database", $"\"{name}\" is no name of a database; use letters, digits, \"-\" and \"_\", at most 63.");
            SetDefaults(handle);
            return new MongoUri(handle, name, text);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public static StoreException Wrong(string key, string problem) =>
        new(StanzaErrorCondition.InternalServerError, $"mongodb.{key} {problem}");

    /// <summary>The message without what nobody should read, should the driver have quoted it.</summary>
    public string Redact(string message) => Redact(message, _text);

    /// <param name="uri">What holds the secrets.</param>
    public static string Redact(string message, string uri) =>
        SecretsOf(uri).Aggregate(message, static (text, secret) => text.Replace(secret, "…", StringComparison.Ordinal));

    public void Dispose() => Handle.Dispose();

    // Else the driver might take, and name, what is behind it in a password for a host.
    private static bool HasStrayAt(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0;
        var end = text.AsSpan(start).IndexOfAny("/?#") is >= 0 and var length ? start + length : text.Length;
        return text.IndexOf('@') is >= 0 and var at && (at >= end || text.LastIndexOf('@') != at);
    }

    private static void SetDefaults(SafeUri uri)
    {
        foreach (var (option, milliseconds) in Timeouts)
        {
            if (!LibMongoc.mongoc_uri_has_option(uri, option))
                LibMongoc.mongoc_uri_set_option_as_int32(uri, option, milliseconds);
        }

        if (!LibMongoc.mongoc_uri_has_option(uri, "retryWrites"))
            LibMongoc.mongoc_uri_set_option_as_bool(uri, "retryWrites", true);
        if (!LibMongoc.mongoc_uri_has_option(uri, "appName"))
            LibMongoc.mongoc_uri_set_appname(uri, "xmppchat");

        using var concern = LibMongoc.mongoc_write_concern_copy(LibMongoc.mongoc_uri_get_write_concern(uri));
        switch (LibMongoc.mongoc_write_concern_get_w(concern))
        {
            case LibMongoc.WriteConcernWDefault:
                var timeout = LibMongoc.mongoc_write_concern_get_wtimeout(concern);
                LibMongoc.mongoc_write_concern_set_wmajority(concern, timeout > 0 ? timeout : WriteConcernTimeout);
                break;
            case LibMongoc.WriteConcernWUnacknowledged:
                throw Wrong("uri", "has w=0, with which nobody knows what was written. Remove it: w=majority is the default.");
        }

        if (!LibMongoc.mongoc_write_concern_journal_is_set(concern))
            LibMongoc.mongoc_write_concern_set_journal(concern, true);
        LibMongoc.mongoc_uri_set_write_concern(uri, concern);
    }

    private static string Anonymous(string text, string database)
    {
        var schemeEnd = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var authority = text[schemeEnd..].Split('?')[0].Split('/')[0];
        return $"{text[..schemeEnd]}{authority[(authority.LastIndexOf('@') + 1)..]}/{database}";
    }

    // What stands before the last "@", wherever in a bad string that is, and its password alone, written and meant.
    private static IEnumerable<string> SecretsOf(string text)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0;
        var end = text.LastIndexOf('@');
        if (end <= start)
            yield break;
        var user = text[start..end];
        yield return user;
        if (user.Split(':', 2) is [_, { Length: > 0 } password])
        {
            yield return password;
            yield return Uri.UnescapeDataString(password);
        }
    }
}
