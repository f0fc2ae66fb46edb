using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.Invitations;

/// <summary>
/// XEP-0401 Ad-hoc Account Invitation Generation: commands by which an account invites a contact, and an administrator somebody to
/// make an account. XEP-0379 on the server: a request for a subscription that shows an invitation is approved, and returned.
/// </summary>
/// <param name="makesAccounts">Whether invitations can be used to make accounts here (XEP-0445).</param>
[Xep(379, "0.3.3")]
[Xep(401, "0.6.0")]
public sealed class InvitationCommands(
    InvitationBook book, IInvitationStore invitations, Subscriptions subscriptions,
    InvitationOptions options, bool makesAccounts, TimeProvider time) : IXmppModule
{
    private const string Invite = "urn:xmpp:invite#invite";
    private const string CreateAccount = "urn:xmpp:invite#create-account";
    private const string Result = "urn:xmpp:invite#invitation";

    private static readonly XmlName PreAuthentication = new("urn:xmpp:pars:0", "preauth");

    /// <summary>XEP-0401 §5.4.</summary>
    private static readonly DataForm AccountForm = new(
        DataFormType.Form,
        FormField.Text("username", "Username"),
        FormField.Boolean("roster-subscription", "Roster subscription", false));

    public void Register(IModuleBuilder builder)
    {
        var inviters = options.Inviters == Inviters.Everybody ? CommandAccess.Accounts : CommandAccess.Administrators;
        builder.Command(new AdHocCommand(Invite, "Invite a contact", IqTarget.Server, inviters, InviteAsync));
        if (makesAccounts)
        {
            builder.Command(new AdHocCommand(
                CreateAccount, "Invite somebody to make an account", IqTarget.Server, CommandAccess.Administrators,
                (_, _) => new(CommandStep.Ask(AccountForm, CreateAccountAsync))));
        }
        builder.SubscriptionRequest(AnswerAsync);
    }

    /// <summary>XEP-0401 §5.1: at once.</summary>
    private async ValueTask<CommandStep> InviteAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        var inviter = request.Requester.Bare;
        var (invitation, error) = await book.CreateAsync(
            new InvitationWish(inviter.Domain, makesAccounts, options.Validity)
            {
                Inviter = inviter,
                MaxPerInviter = options.MaxPerAccount,
            },
            cancellationToken);
        return invitation is null ? CommandStep.Fail(error!) : Show(invitation, InvitationUri.Of(invitation));
    }

    /// <summary>XEP-0401 §5.4.</summary>
    private async ValueTask<CommandStep> CreateAccountAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var wish = new InvitationWish(request.Host, AllowsAccount: true, options.Validity)
        {
            Username = form.Value("username") is { Length: > 0 } name ? name : null,
            Inviter = form.Boolean("roster-subscription") == true ? request.Requester.Bare : null,
        };
        var (invitation, error) = await book.CreateAsync(wish, cancellationToken);
        return invitation is null ? CommandStep.Fail(error!) : Show(invitation, InvitationUri.Registration(invitation));
    }

    private CommandStep Show(Invitation invitation, string uri)
    {
        var fields = new List<FormField> { FormField.Text("uri", null, uri) };
        if (InvitationUri.Page(uri, options) is { } page)
            fields.Add(FormField.Text("landing-url", null, page));
        fields.Add(FormField.Text("expire", null, XmppDateTime.Format(invitation.Expires)));
        return CommandStep.Done(DataForm.Of(DataFormType.Result, Result, fields));
    }

    /// <summary>
    /// XEP-0379 §3.5: with a valid invitation of the account the two are contacts at once; with none the request goes the usual way
    /// (§4.1).
    /// </summary>
    private async ValueTask<bool> AnswerAsync(Jid account, Jid asker, Element request, CancellationToken cancellationToken)
    {
        if (request.Child(PreAuthentication)?["token"] is not { Length: > 0 } token)
            return false;
        var now = time.GetUtcNow();
        return await invitations.FindAsync(token, now, cancellationToken) is { } invitation
            && invitation.Inviter == account
            && IsFor(invitation, asker)
            && await invitations.UseAsync(token, now, cancellationToken) is not null
            && await subscriptions.MakeContactsAsync(account, asker, cancellationToken);
    }

    /// <summary>§5.2: whom an invitation names uses it, and nobody else.</summary>
    private static bool IsFor(Invitation invitation, Jid asker) =>
        invitation.Username is null || (asker.Local == invitation.Username && asker.Domain == invitation.Host);
}
