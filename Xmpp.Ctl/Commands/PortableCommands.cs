using System.CommandLine;
using System.Globalization;
using Xmpp.Core.Storage;
using Xmpp.Modules.Portability;
using Xmpp.Storage.Transfer;

namespace Xmpp.Ctl.Commands;

/// <summary>Export and import in the format that servers have in common (XEP-0227), by user and by host.</summary>
internal static class PortableCommands
{
    private const string Format = "as a file of XEP-0227, which other servers can import; it holds keys that stand for passwords";
    private const int MostNamed = 20;

    public static Command ExportUser(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var file = FileToMake();
        var command = new Command("export", $"Write an account {Format}") { jid, file };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var address = invocation.Command.GetRequiredValue(jid);
            var path = invocation.Command.GetRequiredValue(file);
            await using var store = await invocation.OpenStoreAsync(cancellationToken);
            return await StoreReader.ReadAccountAsync(store, address, cancellationToken) is { } account
                ? await ExportAsync(invocation, store, path, address.Domain, new[] { account }.ToAsyncEnumerable(), total: 1)
                : UserCommands.Refuse(terminal, UserCommands.NoSuchAccount(address));
        });
    }

    public static Command ExportHost(Terminal terminal)
    {
        var host = new Argument<string>("host") { Description = "Whose accounts to export" };
        var file = FileToMake();
        return new Command("export", $"Write a host's accounts {Format}") { host, file }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var name = invocation.Command.GetRequiredValue(host);
                var path = invocation.Command.GetRequiredValue(file);
                UserCommands.RequireServed(name, invocation);
                await using var store = await invocation.OpenStoreAsync(cancellationToken);
                var total = await store.Accounts.CountAsync(name, cancellationToken);
                return await ExportAsync(invocation, store, path, name, StoreReader.ReadAccountsAsync(store, name, cancellationToken), total);
            });
    }

    public static Command ImportHost(Terminal terminal)
    {
        var files = new Argument<string[]>("file")
        {
            Description = "Files of XEP-0227, which may include others beside or below them",
            Arity = ArgumentArity.OneOrMore,
        };
        var replace = ReplaceOption();
        return new Command("import", "Create the accounts of files of XEP-0227, whichever of the hosts here they are on") { files, replace }
            .WithAction(terminal, (invocation, cancellationToken) => ImportAsync(
                invocation, invocation.Command.GetRequiredValue(files), invocation.Command.GetValue(replace), cancellationToken));
    }

    public static Option<bool> ReplaceOption() => new("--replace")
    {
        Description = "Delete accounts of the file that exist, with all their data, and make them anew",
    };

    /// <summary>Checks everything, then imports it.</summary>
    public static async Task<ExitCode> ImportAsync(
        Invocation invocation, IReadOnlyList<string> paths, bool replace, CancellationToken cancellationToken)
    {
        await using var store = await StoreName.OpenWholeAsync(invocation, cancellationToken);
        var import = new PortableImport(paths, store, invocation.Options.Authentication.ScramIterations, replace);
        var total = await import.CheckAsync(host => UserCommands.RequireServed(host, invocation), cancellationToken);
        var done = 0;
        PortableReport report;
        try
        {
            report = await invocation.Output.ShowProgressAsync("Importing", "users", show => import.RunAsync(
                TimeProvider.System.GetUtcNow(), users => show(done = users, total, ""), cancellationToken));
        }
        catch
        {
            invocation.Terminal.Error.WriteLine(
                $"{done} of {total} users are imported; the next one may be there in part, and is disabled. "
                + "With --replace all are made anew.");
            throw;
        }

        SayLeftOut(invocation, report.LeftOut, "not imported");
        if (report.WithoutPassword is { Count: > 0 and var count } accounts)
        {
            invocation.Output.Warn($"{count} accounts have no password until xmppctl user passwd gives them one: "
                + string.Join(", ", accounts.Take(MostNamed)) + (count > MostNamed ? ", …" : ""));
        }

        invocation.Output.Say(string.Create(CultureInfo.InvariantCulture,
            $"Imported {report.Users:N0} users with {report.Contacts:N0} contacts, {report.Messages:N0} offline messages and "
            + $"{report.Archived:N0} archived ones."), report);
        return ExitCode.Ok;
    }

    private static Argument<string> FileToMake() => new("file") { Description = "The file to make" };

    private static async Task<ExitCode> ExportAsync(
        Invocation invocation, IStore store, string path, string host, IAsyncEnumerable<AccountWithMessages> accounts, long total)
    {
        using var file = NewFile.Create(path);
        var writer = new PortableWriter(file.Stream, host);
        var users = await invocation.Output.ShowProgressAsync("Exporting", "users", async show =>
        {
            var done = 0;
            await foreach (var (account, messages, archive) in accounts)
            {
                await writer.WriteAsync(account, messages, archive, store.PubSub);
                show(++done, total, "");
            }
            return done;
        });
        writer.End();
        file.Finish();
        SayLeftOut(invocation, writer.LeftOut.Counts, "not exported");
        invocation.Output.Say(
            string.Create(CultureInfo.InvariantCulture, $"Exported {users:N0} users to {path}."),
            new { users, file = path, leftOut = writer.LeftOut.Counts });
        return ExitCode.Ok;
    }

    private static void SayLeftOut(Invocation invocation, IReadOnlyDictionary<string, long> leftOut, string what)
    {
        foreach (var (name, count) in leftOut.Take(MostNamed))
            invocation.Output.Warn($"{what}: {name}, {count} times");
        if (leftOut.Count > MostNamed)
            invocation.Output.Warn($"{what}: {leftOut.Count - MostNamed} kinds more");
    }
}
