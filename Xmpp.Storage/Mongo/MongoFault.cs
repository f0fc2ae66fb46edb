using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>Who is affected by a failure.</summary>
internal enum FaultScope
{
    /// <summary>The operation alone.</summary>
    Operation,

    /// <summary>Whoever writes: no majority follows.</summary>
    Writes,

    /// <summary>Probably everybody: asking the database shows it.</summary>
    Doubt,

    /// <summary>Everybody: the driver has looked for the primary for as long as it may, or is not let in.</summary>
    Outage,
}

/// <summary>What somebody can do about a failure depends on it.</summary>
internal enum FaultReason
{
    Other,
    Unreachable,
    NotPrimary,
    Credentials,
}

/// <summary>A failure in words, and what follows from it.</summary>
internal sealed record MongoFault(
    FaultScope Scope, StanzaErrorCondition Condition, string Problem, FaultReason Reason = FaultReason.Other)
{
    // https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
    private const uint Unauthorized = 13, AuthenticationFailed = 18, WriteConcernFailed = 64, UnsatisfiableWriteConcern = 100;
    private const uint OutOfDiskSpace = 14031;

    /// <param name="redact">Takes secrets out of what the driver says.</param>
    public static MongoFault Of(MongoException error, Func<string, string> redact) => error.Domain switch
    {
        MongoErrorDomain.ServerSelection => new(FaultScope.Outage, StanzaErrorCondition.ResourceConstraint,
            $"no primary can be reached: {redact(error.Message)}.", FaultReason.Unreachable),
        MongoErrorDomain.Stream => new(FaultScope.Doubt, StanzaErrorCondition.ResourceConstraint,
            $"the connection failed: {redact(error.Message)}.", FaultReason.Unreachable),
        MongoErrorDomain.Sasl or MongoErrorDomain.Scram => Refused(redact(error.Message)),
        MongoErrorDomain.Client when error.Code == ClientAuthenticate => Refused(redact(error.Message)),
        MongoErrorDomain.WriteConcern => Unconfirmed(redact(error.Message)),
        MongoErrorDomain.Server => OfServer(error, redact),
        _ => new(FaultScope.Operation, StanzaErrorCondition.InternalServerError, $"the driver failed: {redact(error.Message)}"),
    };

    public StoreException ToStoreException(string location, Exception? inner = null) => new(Condition, $"{location}: {Problem}", inner);

    // MONGOC_ERROR_CLIENT_AUTHENTICATE
    private const uint ClientAuthenticate = 11;

    private static MongoFault OfServer(MongoException error, Func<string, string> redact) => error.Code switch
    {
        AuthenticationFailed => Refused(redact(error.Message)),
        WriteConcernFailed or UnsatisfiableWriteConcern => Unconfirmed(redact(error.Message)),
        OutOfDiskSpace => new(FaultScope.Operation, StanzaErrorCondition.ResourceConstraint, "the database has no space left."),
        Unauthorized => new(FaultScope.Operation, StanzaErrorCondition.InternalServerError,
            "the user may not do this; it needs the role readWrite on the database."),
        _ when IsNotPrimary(error.Code) => new(FaultScope.Doubt, StanzaErrorCondition.ResourceConstraint,
            $"the member is not the primary (code {error.Code}).", FaultReason.NotPrimary),
        _ when IsUnavailable(error.Code) => new(FaultScope.Doubt, StanzaErrorCondition.ResourceConstraint,
            $"the database is not available (code {error.Code})."),
        _ when IsBusy(error.Code) => new(FaultScope.Operation, StanzaErrorCondition.ResourceConstraint,
            $"the database is too busy (code {error.Code})."),
        MongoException.DuplicateKey => new(FaultScope.Operation, StanzaErrorCondition.InternalServerError, "a key that is there already."),
        _ => new(FaultScope.Operation, StanzaErrorCondition.InternalServerError,
            $"the operation was refused (code {error.Code}): {WithoutValues(error.Message)}"),
    };

    private static MongoFault Refused(string message) => new(FaultScope.Outage, StanzaErrorCondition.InternalServerError,
        $"the credentials are refused: {message}", FaultReason.Credentials);

    private static MongoFault Unconfirmed(string message) =>
        new(FaultScope.Writes, StanzaErrorCondition.ResourceConstraint, $"the write concern is not satisfied: {message}");

    // NotWritablePrimary, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary, LegacyNotPrimary, PrimarySteppedDown
    private static bool IsNotPrimary(uint code) => code is 10107 or 13435 or 13436 or 10058 or 189;

    // HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, SocketException, InterruptedAtShutdown,
    // InterruptedDueToReplStateChange
    private static bool IsUnavailable(uint code) => code is 6 or 7 or 89 or 91 or 9001 or 11600 or 11602;

    // LockTimeout, LockBusy, MaxTimeMSExpired, WriteConflict, ReadConcernMajorityNotAvailableYet, ExceededMemoryLimit,
    // NetworkInterfaceExceededTimeLimit, ExceededTimeLimit, TemporarilyUnavailable
    private static bool IsBusy(uint code) => code is 24 or 46 or 50 or 112 or 134 or 146 or 202 or 262 or 365;

    // What the server quotes may be somebody's message.
    private static string WithoutValues(string message) =>
        message.IndexOfAny(['{', '"', '\'']) is >= 0 and var start ? $"{message[..start]}…" : message;
}
