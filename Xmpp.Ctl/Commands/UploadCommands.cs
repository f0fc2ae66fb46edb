using System.CommandLine;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Modules.Uploads;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl upload …</c>: on a running server.</summary>
internal static class UploadCommands
{
    public static Command Create(Terminal terminal) => new("upload", "See, remove and limit what people have uploaded")
    {
        List(terminal), Delete(terminal), Stats(terminal), Quota(terminal),
    };

    private static Command List(Terminal terminal)
    {
        var of = OfArgument();
        return new Command("list", "List files") { of }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var uploads = await invocation.Server
                .SendAsync<Upload>(new ListUploadsRequest(invocation.Command.GetValue(of)), cancellationToken)
                .OrderBy(upload => upload.Created).ToListAsync(cancellationToken);
            invocation.Output.Table(uploads, ["Id", "Of", "Name", "Type", "Bytes", "For", "Created", "Expires"], upload =>
            [
                upload.Id, upload.Account, upload.Name, upload.Type ?? "-", Number(upload.Size),
                upload.Purpose.ToString().ToLowerInvariant(), Output.Date(upload.Created), upload.Expires is { } expires ? Output.Date(expires) : "-",
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Delete(Terminal terminal)
    {
        var ids = new Argument<string[]>("ids") { Description = "Ids of files; see list", Arity = ArgumentArity.OneOrMore };
        return new Command("delete", "Remove files") { ids }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            foreach (var id in invocation.Command.GetRequiredValue(ids))
            {
                if (!await invocation.Server.SendForOneAsync<bool>(new DeleteUploadRequest(id), cancellationToken))
                    return UserCommands.Refuse(terminal, $"There is no file {id}.");
                invocation.Output.Say($"Removed {id}.", new { id });
            }
            return ExitCode.Ok;
        });
    }

    private static Command Stats(Terminal terminal)
    {
        var of = OfArgument();
        return new Command("stats", "Tell how much there is") { of }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var totals = await invocation.Server.SendForOneAsync<UploadTotals>(
                new CountUploadsRequest(invocation.Command.GetValue(of)), cancellationToken);
            invocation.Output.Properties(totals!,
            [
                ("Files", Number(totals!.Files)),
                ("Bytes", Number(totals.Bytes)),
                ("Of at most", totals.MaxBytes == 0 ? "any amount" : Number(totals.MaxBytes)),
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Quota(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var bytes = new Argument<string?>("bytes")
        {
            Description = "What it may have from now on, such as 500MB; 0: any amount; \"default\": as for everybody",
            Arity = ArgumentArity.ZeroOrOne,
        };
        return new Command("quota", "Tell or set how much an account may have") { jid, bytes }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var account = invocation.Command.GetRequiredValue(jid);
                if (invocation.Command.GetValue(bytes) is { } text)
                {
                    long? quota = text == "default" ? null : LargeBytesAttribute.Parse(text)
                        ?? throw new UsageException("bytes: expected a size, such as 500MB, or \"default\"");
                    if (!await invocation.Server.SendForOneAsync<bool>(new SetUploadQuotaRequest(account, quota), cancellationToken))
                        return UserCommands.Refuse(terminal, $"There is no account {account}.");
                }
                var now = await invocation.Server.SendForOneAsync<long>(new FindUploadQuotaRequest(account), cancellationToken);
                invocation.Output.Say(
                    now == 0 ? $"{account} may have any amount." : $"{account} may have {Number(now)} bytes.",
                    new { jid = account, bytes = now });
                return ExitCode.Ok;
            });
    }

    private static Argument<Jid> OfArgument()
    {
        var of = CommandExtensions.JidArgument(
            "of", "A host, or the address of an account [default: all]", jid => jid.IsBare, CommandExtensions.SuggestAccountsAsync);
        of.Arity = ArgumentArity.ZeroOrOne;
        return of;
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
