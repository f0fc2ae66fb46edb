using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>XEP-0133 §4.1 to §4.7: what is done to accounts.</summary>
internal sealed class AccountCommands(IAccountService accounts, IAccountStore store, IAccountDataStore data)
{
    private const int GeneratedPasswordLength = 20;
    private const string PasswordCharacters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    public void Register(AdminCommands commands)
    {
        commands.Add("add-user", "Add User", Ask(AdminForms.Ask(
            "Adding a User", "Fill out this form to add a user. Without a password, one is made and shown.",
            AdminForms.Account("The Jabber ID for the account to be added"),
            AdminForms.Secret("password", "The password for this account"),
            AdminForms.Secret("password-verify", "Retype password"),
            FormField.Text("email", "Email address"),
            FormField.Text("given_name", "Given name"),
            FormField.Text("surname", "Family name")), AddAsync));
        commands.Add("delete-user", "Delete User", Ask(AdminForms.Ask(
            "Deleting a User", "Fill out this form to delete a user.",
            AdminForms.Accounts("The Jabber ID(s) to delete")), DeleteAsync));
        commands.Add("disable-user", "Disable User", Ask(AdminForms.Ask(
            "Disabling a User", "Fill out this form to disable a user.",
            AdminForms.Accounts("The Jabber ID(s) to disable")), DisableAsync));
        commands.Add("reenable-user", "Re-Enable User", Ask(AdminForms.Ask(
            "Re-Enable a User", "Fill out this form to re-enable a user.",
            AdminForms.Accounts("The Jabber ID(s) to re-enable")), EnableAsync));
        commands.Add("end-user-session", "End User Session", Ask(AdminForms.Ask(
            "Ending a User Session", "Fill out this form to end a user's session.",
            AdminForms.Accounts("The Jabber ID(s) for which to end sessions")), EndSessionsAsync));
        commands.Add("change-user-password", "Change User Password", Ask(AdminForms.Ask(
            "Changing a User Password", "Fill out this form to change a user's password.",
            AdminForms.Account("The Jabber ID for this account"),
            AdminForms.Secret("password", "The password for this account") with { IsRequired = true }), ChangePasswordAsync));
    }

    private static CommandHandler Ask(DataForm form, CommandFormHandler submitted) => (_, _) => new(CommandStep.Ask(form, submitted));

    private async ValueTask<CommandStep> AddAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var account = form.Jids("accountjid")[0];
        if (AccountTargets.Check(request, [account]) is { } problem)
            return problem;
        var given = form.Value("password") is { Length: > 0 } text ? text : null;
        if ((form.Value("password-verify") ?? "") != (given ?? ""))
            return CommandStep.Refuse("The passwords differ.");
        var password = given ?? RandomNumberGenerator.GetString(PasswordCharacters, GeneratedPasswordLength);
        if (await accounts.MakeKeysAsync(password, cancellationToken) is not { } keys)
            return CommandStep.Refuse("This can't be a password.");
        if (!await accounts.AddAsync(account, keys, cancellationToken))
            return CommandStep.Fail(StanzaErrorCondition.Conflict, $"{account} exists already.");
        await WriteCardAsync(account, form, cancellationToken);
        return given is not null
            ? CommandStep.Done($"Added {account}.")
            : CommandStep.Done(AdminForms.Result(
                AdminForms.Account("The Jabber ID for the account to be added") with { Values = [account.ToString()], IsRequired = false },
                AdminForms.Secret("password", "The password for this account") with { Values = [password] }));
    }

    /// <summary>Name and address of the user begin its vCard (XEP-0054), which is its own from then on.</summary>
    private async ValueTask WriteCardAsync(Jid account, DataForm form, CancellationToken cancellationToken)
    {
        const string ns = VCardTemp.Ns;
        var (given, family, email) = (Filled("given_name"), Filled("surname"), Filled("email"));
        if ((given ?? family ?? email) is null)
            return;
        var card = new Element(ns, "vCard",
            (given ?? family) is null ? null : new Element(ns, "FN", string.Join(' ', new[] { given, family }.OfType<string>())),
            (given ?? family) is null ? null : new Element(ns, "N", Text("FAMILY", family), Text("GIVEN", given)),
            email is null ? null : new Element(ns, "EMAIL", new Element(ns, "INTERNET"), new Element(ns, "USERID", email)));
        var bytes = StoredXml.Write(card);
        await data.SetAsync(account, VCardTemp.Kind, "", bytes, new AccountDataLimit(1, bytes.Length), cancellationToken);

        string? Filled(string var) => form.Value(var)?.Trim() is { Length: > 0 } text ? text : null;

        static Element? Text(string local, string? text) => text is null ? null : new Element(ns, local, text);
    }

    private async ValueTask<CommandStep> DeleteAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (found, problem) = await FindOthersAsync(request, form, cancellationToken);
        if (problem is not null)
            return problem;
        foreach (var account in found)
            await accounts.RemoveAsync(account.Jid, except: null, cancellationToken);
        return CommandStep.Done($"Deleted {Names(found)}.");
    }

    private async ValueTask<CommandStep> DisableAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (found, problem) = await FindOthersAsync(request, form, cancellationToken);
        if (problem is not null)
            return problem;
        foreach (var account in found)
            await accounts.SetEnabledAsync(account.Jid, enabled: false, cancellationToken);
        return CommandStep.Done($"Disabled {Names(found)}.");
    }

    private async ValueTask<CommandStep> EnableAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (found, problem) = await AccountTargets.FindAsync(store, request, form, "accountjids", cancellationToken);
        if (problem is not null)
            return problem;
        foreach (var account in found)
            await accounts.SetEnabledAsync(account.Jid, enabled: true, cancellationToken);
        return CommandStep.Done($"Enabled {Names(found)}.");
    }

    private ValueTask<CommandStep> EndSessionsAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var jids = form.Jids("accountjids");
        if (AccountTargets.Check(request, jids, mayBeFull: true) is { } problem)
            return new(problem);
        var count = jids.Sum(jid => accounts.EndSessions(
            jid, new StreamError(StreamErrorCondition.PolicyViolation, "Ended by an administrator.")));
        return new(count == 0
            ? CommandStep.Fail(StanzaErrorCondition.ItemNotFound, "There is no such session.")
            : CommandStep.Done(count == 1 ? "Ended 1 session." : $"Ended {count} sessions."));
    }

    private async ValueTask<CommandStep> ChangePasswordAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var account = form.Jids("accountjid")[0];
        if (AccountTargets.Check(request, [account]) is { } problem)
            return problem;
        if (await accounts.MakeKeysAsync(form.Value("password")!, cancellationToken) is not { } keys)
            return CommandStep.Refuse("This can't be a password.");
        return await accounts.SetKeysAsync(account, keys, except: request.Session, cancellationToken)
            ? CommandStep.Done($"Changed the password of {account}.")
            : AccountTargets.NotFound(account);
    }

    /// <summary>The accounts named, none of which is the requester's own: that would end in the middle of the command.</summary>
    private async ValueTask<(IReadOnlyList<Account> Accounts, CommandStep? Problem)> FindOthersAsync(
        CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var result = await AccountTargets.FindAsync(store, request, form, "accountjids", cancellationToken);
        return result.Accounts.Any(account => account.Jid == request.Requester.Bare)
            ? ([], CommandStep.Fail(StanzaErrorCondition.NotAllowed, "Nobody may do this to the account that is used for it."))
            : result;
    }

    private static string Names(IEnumerable<Account> accounts) => string.Join(", ", accounts.Select(account => account.Jid));
}
