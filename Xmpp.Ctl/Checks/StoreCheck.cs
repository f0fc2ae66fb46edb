using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;
using Xmpp.Storage.Transfer;

namespace Xmpp.Ctl.Checks;

/// <summary>Whether the store can be read and written.</summary>
internal static class StoreCheck
{
    private const string Subject = "store";

    // RFC 2606 §2: nobody's account.
    private static readonly Jid Nobody = Jid.Parse("xmppctl-check@invalid");

    /// <param name="status">Of the running server, which knows best; null when there is none.</param>
    public static async Task<CheckResult> RunAsync(ServerOptions options, ServerStatus? status, CancellationToken cancellationToken)
    {
        if (status is { Store: var store })
            return store.Healthy
                ? CheckResult.Ok(Subject, $"{store.Location}, in use by the server")
                : CheckResult.Failed(Subject, $"{store.Location}: {store.Problem}");
        try
        {
            return options.Store == "mongodb"
                ? await CheckDatabaseAsync(options, cancellationToken)
                : await CheckFileAsync(options.Sqlite.File, cancellationToken);
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            return CheckResult.Failed(Subject, failure.Message);
        }
    }

    private static async Task<CheckResult> CheckDatabaseAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        var (location, version) = await MongoStore.CheckAsync(ConfiguredStore.MongodbOptions(options), cancellationToken);
        return CheckResult.Ok(
            Subject, version is null ? $"{location}: nothing there yet; the first start makes it" : $"{location}, schema {version}");
    }

    private static async Task<CheckResult> CheckFileAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
            return CheckDirectory(file);
        await using var opened = SqliteStore.Open(file);
        await TransferMark.RequireNoneAsync(opened, cancellationToken);
        // Deleting what is not there takes the same locks and permissions as any write.
        await opened.Accounts.DeleteAsync(Nobody, cancellationToken);
        return CheckResult.Ok(Subject, $"{file}, schema {opened.Status.SchemaVersion}");
    }

    /// <summary>The first start will make the file, if it may write to the nearest directory that there is.</summary>
    private static CheckResult CheckDirectory(string file)
    {
        var directory = Path.GetDirectoryName(file)!;
        while (!Directory.Exists(directory))
            directory = Path.GetDirectoryName(directory)!;
        using (new FileStream(Path.Combine(directory, $".xmppctl-check-{Environment.ProcessId}"),
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose }))
            return CheckResult.Ok(Subject, $"{file}: none yet; the first start makes it");
    }
}
