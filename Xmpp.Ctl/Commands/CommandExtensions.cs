using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary>What the definitions of the commands have in common.</summary>
internal static class CommandExtensions
{
    public const int MostSuggestions = 200;

    private const string AccountDescription = "Address of the account, such as romeo@example.org";

    public static Command WithAction(this Command command, Terminal terminal, Func<Invocation, CancellationToken, Task<ExitCode>> act)
    {
        command.SetAction(async (parsed, cancellationToken) => (int)await act(new(parsed, terminal), cancellationToken));
        return command;
    }

    /// <summary>The address of an account: local@host.</summary>
    public static Argument<Jid> AccountArgument() => JidArgument("jid", AccountDescription, IsAccount, SuggestAccountsAsync);

    /// <summary>The addresses of one account or more.</summary>
    public static Argument<Jid[]> AccountsArgument()
    {
        var argument = new Argument<Jid[]>("jid")
        {
            Description = "Addresses of accounts, such as romeo@example.org",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result =>
                [.. result.Tokens.Select(token => Parse(result, token.Value, IsAccount, AccountDescription)).OfType<Jid>()],
        };
        argument.CompletionSources.Add(context => Suggest(context, SuggestAccountsAsync));
        return argument;
    }

    /// <param name="suggest">For shell completion; may fail.</param>
    public static Argument<Jid> JidArgument(
        string name, string description, Predicate<Jid> isAcceptable, Func<Invocation, CancellationToken, Task<List<string>>> suggest)
    {
        var argument = new Argument<Jid>(name)
        {
            Description = description,
            CustomParser = result => Parse(result, result.Tokens[0].Value, isAcceptable, description),
        };
        argument.CompletionSources.Add(context => Suggest(context, suggest));
        return argument;
    }

    private static bool IsAccount(Jid jid) => jid is { Local: not null, IsBare: true };

    public static async Task<List<string>> SuggestAccountsAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
        return await invocation.Options.Hosts.ToAsyncEnumerable()
            .SelectMany(host => accounts.Control.ListAsync(host, cancellationToken))
            .Select(account => account.Jid.ToString())
            .Take(MostSuggestions)
            .ToListAsync(cancellationToken);
    }

    private static Jid? Parse(ArgumentResult result, string text, Predicate<Jid> isAcceptable, string expected)
    {
        if (Jid.TryParse(text, out var jid) && isAcceptable(jid))
            return jid;
        result.AddError($"'{text}' is not what was expected: {expected}");
        return null;
    }

    private static IEnumerable<CompletionItem> Suggest(
        CompletionContext context, Func<Invocation, CancellationToken, Task<List<string>>> suggest)
    {
        try
        {
            var silent = new Terminal
            {
                In = TextReader.Null,
                Out = TextWriter.Null,
                Error = TextWriter.Null,
                IsInteractive = false,
                Width = null,
                ReadSecret = _ => null,
            };
            // The parser's interface is synchronous; this process does nothing else meanwhile.
            var texts = suggest(new(context.ParseResult, silent), CancellationToken.None).GetAwaiter().GetResult();
            return texts
                .Where(text => text.StartsWith(context.WordToComplete, StringComparison.Ordinal))
                .Select(text => new CompletionItem(text));
        }
        catch (Exception failure) when (failure is ConfigurationException or ControlException or StoreException)
        {
            // No suggestions, then; the command itself will say what is wrong.
            return [];
        }
    }
}
