using System.Collections.Concurrent;
using System.CommandLine;
using Xmpp.Core;
using Xmpp.Modules.Portability;

namespace Xmpp.Ctl.Commands;

/// <summary>
/// <c>xmppctl user import</c>: creates many accounts at once, from lines of an address, a blank, and the password, which is the rest of
/// the line. Empty lines and those that begin with "#" are skipped. What begins with "&lt;" is XEP-0227, with all that users have.
/// </summary>
internal static class UserImport
{
    private sealed record Failure(int Line, string Problem);

    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("file")
        {
            Description = "Lines of JID and password, - being standard input; or XEP-0227, as user export writes it",
        };
        var replace = PortableCommands.ReplaceOption();
        var command = new Command("import", "Create accounts from a file") { file, replace };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var name = invocation.Command.GetRequiredValue(file);
            if (name != "-" && PortableReader.IsXml(name))
                return await PortableCommands.ImportAsync(invocation, [name], invocation.Command.GetValue(replace), cancellationToken);
            if (invocation.Command.GetValue(replace))
                throw new UsageException("--replace is for files of XEP-0227.");
            using var reader = name == "-" ? null : File.OpenText(name);
            var failures = new ConcurrentBag<Failure>();
            var added = 0;
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            // Making keys is what costs, so every core makes some; twice as many, since each also waits for its commit.
            var parallel = new ParallelOptions
            {
                MaxDegreeOfParallelism = 2 * Environment.ProcessorCount,
                CancellationToken = cancellationToken,
            };
            await Parallel.ForEachAsync(ReadLines(reader ?? terminal.In), parallel, async (line, cancellation) =>
            {
                var problem = Parse(line.Text, out var account, out var password);
                try
                {
                    if (problem is null)
                    {
                        UserCommands.RequireServed(account!.Domain, invocation);
                        var keys = UserCommands.MakeKeys(password, invocation);
                        problem = await accounts.Control.AddAsync(account, keys, cancellation) ? null : $"{account} exists already";
                    }
                }
                catch (UsageException mistake)
                {
                    problem = mistake.Message;
                }
                if (problem is null)
                    Interlocked.Increment(ref added);
                else
                    failures.Add(new(line.Number, problem));
            });

            var inOrder = failures.OrderBy(failure => failure.Line).ToList();
            foreach (var failure in inOrder)
                terminal.Error.WriteLine($"Line {failure.Line}: {failure.Problem}");
            invocation.Output.Say($"Added {added} accounts, {inOrder.Count} failed.", new { added, failed = inOrder });
            return inOrder.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
        });
    }

    private static IEnumerable<(int Number, string Text)> ReadLines(TextReader reader)
    {
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Trim() is not ("" or ['#', ..]))
                yield return (number, line);
        }
    }

    /// <returns>What is wrong with the line, without its password; or null.</returns>
    private static string? Parse(string line, out Jid? account, out string password)
    {
        var blank = line.IndexOfAny([' ', '\t']);
        account = null;
        password = blank < 0 ? "" : line[(blank + 1)..];
        if (blank < 0)
            return "expected an address, a blank and a password";
        return Jid.TryParse(line.AsSpan(0, blank), out account) && account is { Local: not null, IsBare: true }
            ? null
            : $"'{line[..blank]}' is not the address of an account, such as romeo@example.org";
    }
}
