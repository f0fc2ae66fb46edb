using Xmpp.MongoGateway.Bson;

namespace Xmpp.MongoGateway;

/// <summary>A command failed; the client is told so.</summary>
public sealed class MongoException(MongoError error, string message) : Exception(message)
{
    /// <summary>The label of an error after which the write may be sent again with the same number. Drivers go by this alone.</summary>
    public const string RetryableWrite = "RetryableWriteError";

    /// <summary>The label of an error after which the transaction may be tried again from its beginning.</summary>
    public const string TransientTransaction = "TransientTransactionError";

    public MongoError Error => error;

    public static bool IsRetryable(MongoError error) => error is MongoError.NotWritablePrimary or MongoError.NotPrimaryNoSecondaryOk
        or MongoError.NotPrimaryOrSecondary or MongoError.PrimarySteppedDown or MongoError.ShutdownInProgress
        or MongoError.InterruptedAtShutdown or MongoError.InterruptedDueToReplStateChange;

    public static bool IsTransient(MongoError error) =>
        error is MongoError.WriteConflict or MongoError.NoSuchTransaction or MongoError.LockTimeout || IsRetryable(error);

    public BsonBuilder ToReply(IReadOnlyList<string> labels)
    {
        var reply = new BsonBuilder().Add("ok", 0.0).Add("errmsg", Message).Add("code", (int)error).Add("codeName", error.ToString());
        if (labels.Count > 0)
            reply.AddArray("errorLabels", labels);
        return reply;
    }
}
