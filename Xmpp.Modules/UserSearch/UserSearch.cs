using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.UserSearch;

/// <summary>
/// XEP-0055 Jabber Search: users are found by what their vCards say, where the operator lets people search, and where they want to be found
/// themselves, which each says by a command of the own account.
/// </summary>
[Xep(55, "1.3")]
public sealed class UserSearch(
    IAccountStore accounts, IAccountDataStore data, IHostDirectory hosts, UserSearchOptions options, TimeProvider time) : IXmppModule
{
    internal const string Ns = "urn:xmppchat:directory";

    private readonly UserDirectory _directory = new(accounts, data, options, time);

    public void Register(IModuleBuilder builder)
    {
        if (options.Access == SearchAccess.Nobody)
            return;
        builder.Service(new UserSearchService(_directory, options, hosts, time));
        builder.Command(new AdHocCommand(Ns, "Be found by others", IqTarget.OwnAccount, CommandAccess.Accounts, AskAsync));
    }

    private async ValueTask<CommandStep> AskAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        var account = request.Requester.Bare;
        var form = DataForm.Of(DataFormType.Form, Ns, FormField.Boolean(
            "listed", "Others find me by what my vCard says", await _directory.IsListedAsync(account, cancellationToken)));
        return CommandStep.Ask(form with { Title = "Be found by others" }, async (_, given, token) =>
        {
            var isListed = given.Boolean("listed") == true;
            await _directory.SetListedAsync(account, isListed, token);
            return CommandStep.Done(isListed ? "You are found." : "You are not found any more.");
        });
    }
}
