using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.S3;

/// <summary>A failure in words, without what the store says itself, since that may quote anything.</summary>
internal sealed record S3Fault(StanzaErrorCondition Condition, string Problem)
{
    /// <summary>Whether an exception is a failure of the store, and no bug.</summary>
    public static bool Is(Exception failure) => failure
        is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or OperationCanceledException;

    public static S3Fault Of(Exception failure, S3FilesOptions options) => failure switch
    {
        AmazonS3Exception error => OfStore(error, options),
        OperationCanceledException => new(StanzaErrorCondition.ResourceConstraint,
            $"it has not answered for {options.Patience.TotalSeconds:0} seconds"),
        _ => new(StanzaErrorCondition.ResourceConstraint, $"it can't be reached: {Innermost(failure).Message}"),
    };

    public StoreException ToStoreException(string location, Exception inner) => new(Condition, $"{location}: {Problem}.", inner);

    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    private static S3Fault OfStore(AmazonS3Exception error, S3FilesOptions options) => error.ErrorCode switch
    {
        "NoSuchBucket" => Wrong($"http.s3.bucket = \"{options.Bucket}\": there is no such bucket; make it, or name one that there is"),
        "InvalidBucketName" => Wrong($"http.s3.bucket = \"{options.Bucket}\": no bucket can have that name; name one that there is"),
        "InvalidAccessKeyId" => Wrong($"http.s3.accessKey = \"{options.AccessKey}\": the store doesn't know it; give one that it knows"),
        "SignatureDoesNotMatch" => Wrong("http.s3.secretKey: it doesn't belong to http.s3.accessKey; give both as the store has made them"),
        "AuthorizationHeaderMalformed" or "PermanentRedirect" or "IllegalLocationConstraintException" => Wrong(
            $"http.s3.region = \"{S3Bucket.RegionOf(options)}\": the bucket is in another one, or has another endpoint; name those"),
        "AccessDenied" or "AllAccessDisabled" => Wrong(
            $"http.s3.accessKey = \"{options.AccessKey}\": it may not do that; let it list the bucket \"{options.Bucket}\", "
            + "and get, put and delete its objects"),
        "RequestTimeTooSkewed" => Wrong("its clock and the one here differ too much; set them"),
        _ when error.StatusCode >= HttpStatusCode.InternalServerError || error.StatusCode is HttpStatusCode.TooManyRequests => new(
            StanzaErrorCondition.ResourceConstraint, $"it is not available ({Said(error)})"),
        _ => Wrong($"it refuses ({Said(error)})"),
    };

    private static S3Fault Wrong(string problem) => new(StanzaErrorCondition.InternalServerError, problem);

    private static string Said(AmazonS3Exception error) =>
        $"status {(int)error.StatusCode}{(string.IsNullOrEmpty(error.ErrorCode) ? "" : $", {error.ErrorCode}")}";

    private static Exception Innermost(Exception failure)
    {
        while (failure.InnerException is { } inner)
            failure = inner;
        return failure;
    }
}
