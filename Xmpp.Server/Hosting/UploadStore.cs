using Microsoft.Extensions.Logging;
using Xmpp.Core.Storage;
using Xmpp.Server.Web;
using Xmpp.Storage.Disk;
using Xmpp.Storage.S3;

namespace Xmpp.Server.Hosting;

/// <summary>Where the configuration says that what people upload is kept.</summary>
public static partial class UploadStore
{
    /// <returns>To be disposed of where it is disposable.</returns>
    /// <param name="store">The server's.</param>
    internal static IFileStore Open(HttpOptions options, IStore store, TimeProvider time, ILogger logger) => options.UploadStore switch
    {
        "mongodb" => store.Files
            ?? throw new InvalidOperationException("A valid configuration has http.uploadStore where the store keeps files."),
        "s3" => OpenS3(options, time, logger),
        _ => new DiskFiles(options.Uploads),
    };

    /// <param name="changed">See <see cref="S3FilesOptions.Changed"/>.</param>
    public static S3FilesOptions S3Options(HttpOptions options, Action<string?>? changed = null) => new()
    {
        Endpoint = options.S3.Endpoint,
        Region = options.S3.Region,
        Bucket = options.S3.Bucket ?? throw new InvalidOperationException("A valid configuration has http.s3.bucket."),
        Prefix = options.S3.Prefix ?? "",
        AccessKey = options.S3.AccessKey ?? throw new InvalidOperationException("A valid configuration has http.s3.accessKey."),
        SecretKey = options.S3.SecretKey ?? throw new InvalidOperationException("A valid configuration has http.s3.secretKey."),
        PathStyle = options.S3.PathStyle,
        Incoming = Path.Combine(options.Uploads, "incoming"),
        Changed = changed,
    };

    // Apart, so that nobody else loads the client library.
    private static S3Files OpenS3(HttpOptions options, TimeProvider time, ILogger logger) => new(
        S3Options(options, problem =>
        {
            if (problem is null)
                LogWell(logger);
            else
                LogFailing(logger, problem);
        }),
        time);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Uploaded files can't be kept or fetched: {Problem}")]
    private static partial void LogFailing(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Uploaded files can be kept and fetched again")]
    private static partial void LogWell(ILogger logger);
}
