using System.CommandLine;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl user …</c>: with or without a running server.</summary>
internal static class UserCommands
{
    public static Command Create(Terminal terminal) => new("user", "Manage accounts")
    {
        Add(terminal), Passwd(terminal), Delete(terminal), List(terminal), Show(terminal),
        SetEnabled(terminal, "disable", "Keep an account from logging in; its data stays, its sessions end", enabled: false),
        SetEnabled(terminal, "enable", "Let an account log in again", enabled: true),
        ClientCommands.Create(terminal),
        UserImport.Create(terminal),
        PortableCommands.ExportUser(terminal),
    };

    /// <summary>The keys that the configuration wants of a password.</summary>
    /// <exception cref="UsageException">It can't be a password.</exception>
    public static IReadOnlyList<ScramKeys> MakeKeys(string password, Invocation invocation)
    {
        try
        {
            return PasswordKeys.Create(password, invocation.Options.Authentication.ScramIterations);
        }
        catch (FormatException mistake)
        {
            throw new UsageException(mistake.Message);
        }
    }

    /// <exception cref="UsageException">The configuration has no such host.</exception>
    public static void RequireServed(string host, Invocation invocation)
    {
        if (!invocation.Options.Hosts.Contains(host))
            throw new UsageException($"{host} is not served here; the hosts are: {string.Join(", ", invocation.Options.Hosts)}");
    }

    private static Command Add(Terminal terminal) => WithPassword(
        "add", "Create an account", terminal,
        (accounts, account, keys, cancellationToken) => accounts.AddAsync(account, keys, cancellationToken),
        account => $"Added {account}.", account => $"{account} exists already.");

    private static Command Passwd(Terminal terminal) => WithPassword(
        "passwd", "Set an account's password; its sessions end", terminal,
        (accounts, account, keys, cancellationToken) => accounts.SetKeysAsync(account, keys, cancellationToken),
        account => $"Set the password of {account}.", NoSuchAccount);

    private static Command WithPassword(
        string name,
        string description,
        Terminal terminal,
        Func<IAccountControl, Jid, IReadOnlyList<ScramKeys>, CancellationToken, ValueTask<bool>> store,
        Func<Jid, string> done,
        Func<Jid, string> refused)
    {
        var jid = CommandExtensions.AccountArgument();
        var passwords = new PasswordOptions();
        var command = new Command(name, description) { jid };
        passwords.AddTo(command);
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var account = invocation.Command.GetRequiredValue(jid);
            RequireServed(account.Domain, invocation);
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            var (password, isGenerated) = passwords.Read(invocation);
            if (!await store(accounts.Control, account, MakeKeys(password, invocation), cancellationToken))
                return Refuse(terminal, refused(account));
            if (isGenerated)
                invocation.Output.Say($"{done(account)} Password: {password}", new { jid = account, password });
            else
                invocation.Output.Say(done(account), new { jid = account });
            return ExitCode.Ok;
        });
    }

    private static Command Delete(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        var yes = new Option<bool>("--yes", "-y") { Description = "Don't ask" };
        var command = new Command("delete", "Delete an account with its data; its sessions end") { jid, yes };
        return command.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var account = invocation.Command.GetRequiredValue(jid);
            if (!invocation.Command.GetValue(yes) && !Confirm(terminal, $"Delete {account} and all its data?"))
                return ExitCode.Failed;
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            if (!await accounts.Control.DeleteAsync(account, cancellationToken))
                return Refuse(terminal, NoSuchAccount(account));
            invocation.Output.Say($"Deleted {account}.", new { jid = account });
            return ExitCode.Ok;
        });
    }

    private static Command SetEnabled(Terminal terminal, string name, string description, bool enabled)
    {
        var jid = CommandExtensions.AccountArgument();
        return new Command(name, description) { jid }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var account = invocation.Command.GetRequiredValue(jid);
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            if (!await accounts.Control.SetEnabledAsync(account, enabled, cancellationToken))
                return Refuse(terminal, NoSuchAccount(account));
            invocation.Output.Say($"{(enabled ? "Enabled" : "Disabled")} {account}.", new { jid = account, enabled });
            return ExitCode.Ok;
        });
    }

    private static Command List(Terminal terminal)
    {
        var host = new Argument<string?>("host") { Description = "Only accounts of this host", Arity = ArgumentArity.ZeroOrOne };
        return new Command("list", "List accounts") { host }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var only = invocation.Command.GetValue(host);
            if (only is not null)
                RequireServed(only, invocation);
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            var found = new List<AccountInfo>();
            foreach (var each in only is null ? invocation.Options.Hosts : [only])
                found.AddRange(await accounts.Control.ListAsync(each, cancellationToken).ToListAsync(cancellationToken));
            invocation.Output.Table(found, ["JID", "State", "Created", "Last log-in"], account =>
                [account.Jid.ToString(), State(account), Output.Date(account.Created), Output.Date(account.LastLogin)]);
            return ExitCode.Ok;
        });
    }

    private static Command Show(Terminal terminal)
    {
        var jid = CommandExtensions.AccountArgument();
        return new Command("show", "Show an account and its sessions") { jid }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var address = invocation.Command.GetRequiredValue(jid);
            await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
            if (await accounts.Control.ShowAsync(address, cancellationToken) is not { } user)
                return Refuse(terminal, NoSuchAccount(address));
            var account = user.Account;
            invocation.Output.Properties(user,
            [
                ("JID", account.Jid.ToString()),
                ("State", State(account)),
                ("Created", Output.Date(account.Created)),
                ("Last log-in", Output.Date(account.LastLogin)),
                ("Last seen", user.Sessions.Any(session => session.Priority is not null) ? "now" : Output.Date(user.LastSeen)),
                ("Keys", string.Join(", ", account.Hashes.Select(hash => $"SCRAM-{hash.Key} ({hash.Value} iterations)"))),
                ("Contacts", user.Contacts.ToString(CultureInfo.InvariantCulture)),
                ("Offline messages", user.OfflineMessages.ToString(CultureInfo.InvariantCulture)),
                .. user.Sessions.Select(session => ("Session", Describe(session))),
            ]);
            return ExitCode.Ok;
        });
    }

    private static string Describe(SessionInfo session) =>
        $"{session.Jid.Resource} from {session.Address} since {Output.Date(session.Since)}, "
        + (session.Priority is { } priority
            ? string.Create(CultureInfo.InvariantCulture, $"{session.Availability}, priority {priority}")
            : "not available")
        + (session.Connection == SessionConnection.Away ? ", connection lost" : "");

    public static bool Confirm(Terminal terminal, string question)
    {
        if (!terminal.IsInteractive)
            throw new UsageException("There is no terminal to ask for confirmation: use --yes.");
        terminal.Error.Write($"{question} [y/N] ");
        return terminal.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    public static ExitCode Refuse(Terminal terminal, string reason)
    {
        terminal.Error.WriteLine(reason);
        return ExitCode.Failed;
    }

    public static string NoSuchAccount(Jid account) => $"There is no account {account}.";

    private static string State(AccountInfo account) => account.Enabled ? "enabled" : "disabled";
}
