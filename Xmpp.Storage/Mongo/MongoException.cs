using System.Runtime.InteropServices;
using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>What the driver said went wrong. It goes no further than to the <see cref="MongoFault"/> that is made of it.</summary>
/// <param name="domain">Where it comes from.</param>
/// <param name="code">The server's, where the domain is the server.</param>
internal sealed class MongoException(MongoErrorDomain domain, uint code, string message) : Exception(message)
{
    public const uint DuplicateKey = 11000;

    public MongoErrorDomain Domain { get; } = domain;

    public uint Code { get; } = code;

    public bool IsDuplicateKey => Domain is MongoErrorDomain.Server && Code is DuplicateKey;

    public static unsafe MongoException Of(BsonError* error) => new((MongoErrorDomain)error->Domain, error->Code, Text(error));

    public static unsafe string Text(BsonError* error) => Marshal.PtrToStringUTF8((nint)error->Message) ?? "";
}

/// <summary><c>mongoc_error_domain_t</c>, as far as it makes a difference.</summary>
internal enum MongoErrorDomain : uint
{
    Client = 1,
    Stream = 2,
    Protocol = 3,
    Sasl = 7,
    Scram = 14,
    ServerSelection = 15,
    WriteConcern = 16,
    Server = 17,
}
