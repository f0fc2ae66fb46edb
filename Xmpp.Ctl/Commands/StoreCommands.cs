using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Xmpp.Core.Storage;
using Xmpp.Modules;
using Xmpp.Storage.Transfer;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl store …</c>: moves everything that a store keeps. No server may use it meanwhile.</summary>
internal static class StoreCommands
{
    public static Command Create(Terminal terminal) => new("store", "Move all data to a file or to another store")
    {
        Export(terminal), Import(terminal), Copy(terminal),
    };

    private static Command Export(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "The file to make; it holds the keys of all accounts" };
        var from = StoreOption("--from", "The store to read");
        return new Command("export", "Write all that a store keeps into a file") { file, from }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var path = invocation.Command.GetRequiredValue(file);
                await using var store = await StoreName.OpenSourceAsync(invocation.Command.GetValue(from), invocation, cancellationToken);
                var report = await MoveAsync(invocation, "Exporting", mover =>
                    mover.ExportAsync(store, path, $"{SoftwareVersion.Name} {SoftwareVersion.Version}", cancellationToken));
                Say(invocation, $"Exported {store.Status.Location} to {path}.", report);
                return ExitCode.Ok;
            });
    }

    private static Command Import(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "A file that store export has made" };
        var to = StoreOption("--to", "The store to fill, which has to be empty");
        return new Command("import", "Fill an empty store with all that a file holds") { file, to }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var path = invocation.Command.GetRequiredValue(file);
                await using var store = await StoreName.OpenTargetAsync(
                    invocation.Command.GetValue(to), source: null, invocation, cancellationToken);
                var report = await MoveAsync(invocation, "Importing", mover => mover.ImportAsync(path, store, cancellationToken));
                Say(invocation, $"Imported {path} into {store.Status.Location}.", report);
                return ExitCode.Ok;
            });
    }

    private static Command Copy(Terminal terminal)
    {
        var from = StoreOption("--from", "The store to read");
        var to = StoreOption("--to", "The store to fill, which has to be empty");
        var command = new Command("copy", "Fill an empty store with all that another one keeps") { from, to };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            await using var source = await StoreName.OpenSourceAsync(invocation.Command.GetValue(from), invocation, cancellationToken);
            await using var target = await StoreName.OpenTargetAsync(
                invocation.Command.GetValue(to), source, invocation, cancellationToken);
            var report = await MoveAsync(invocation, "Copying", mover => mover.CopyAsync(source, target, cancellationToken));
            Say(invocation, $"Copied {source.Status.Location} to {target.Status.Location}.", report);
            return ExitCode.Ok;
        });
    }

    private static Option<string?> StoreOption(string name, string description)
    {
        var option = new Option<string?>(name)
        {
            Description = $"{description} [default: the configured one]: {StoreName.Forms}",
            HelpName = "store",
        };
        option.CompletionSources.Add("sqlite", "sqlite:", "mongodb", "mongodb://");
        return option;
    }

    private static async Task<TransferReport> MoveAsync(Invocation invocation, string verb, Func<StoreMover, Task<TransferReport>> move)
    {
        try
        {
            return await invocation.Output.ShowProgressAsync(verb, "records", report => move(new StoreMover(TimeProvider.System, progress =>
                report(progress.Done, progress.Total, StoreCounts.NameOf(progress.Current)))));
        }
        catch (OperationCanceledException)
        {
            invocation.Terminal.Error.WriteLine("Interrupted. The same command goes on where it stopped.");
            throw;
        }
    }

    private static void Say(Invocation invocation, string sentence, TransferReport report)
    {
        var counts = StoreCounts.Counted.Where(kind => report.Counts[kind] > 0).ToList();
        var resumed = report.ResumedBehind is { } account ? $" Of it, what was moved before: up to {account}." : "";
        if (!invocation.Output.IsJson)
            invocation.Terminal.Out.WriteLine($"{sentence}{resumed} All counts agree:");
        invocation.Output.Properties(
            new
            {
                counts = StoreCounts.Counted.ToDictionary(
                    kind => JsonNamingPolicy.CamelCase.ConvertName($"{kind}"), kind => report.Counts[kind]),
                report.Sha256,
                report.ResumedBehind,
            },
            [
                .. counts.Select(kind => (StoreCounts.NameOf(kind), report.Counts[kind].ToString("N0", CultureInfo.InvariantCulture))),
                ("checksum", report.Sha256),
            ]);
    }
}
