using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xmpp.Storage.S3;

namespace Xmpp.Ctl.Checks;

/// <summary>Whether what people upload can be kept, if that is in an S3 store: the others' disk and database are looked at anyway.</summary>
internal static class UploadCheck
{
    public static async Task<IEnumerable<CheckResult>> RunAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        const string Subject = "uploads";
        if (options.Http.UploadStore != "s3")
            return [];
        try
        {
            await S3Files.CheckAsync(UploadStore.S3Options(options.Http), cancellationToken);
            return [CheckResult.Ok(Subject, $"objects of {options.Http.S3.Bucket} can be listed, put, fetched and deleted")];
        }
        catch (StoreException failure)
        {
            return [CheckResult.Failed(Subject, failure.Message)];
        }
    }
}
