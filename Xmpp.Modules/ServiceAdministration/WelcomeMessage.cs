using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0133 §4.27 and §4.28: what users are told when they first log in. It is sent to accounts as they are made, and waits with their
/// offline messages.
/// </summary>
internal sealed class WelcomeMessage(ISettingStore settings, IStanzaSender stanzas)
{
    private readonly HostSetting<string> _setting = new(settings, "welcome", text => text ?? "", text => text.Length == 0 ? null : text);

    public void Register(IModuleBuilder builder)
    {
        var commands = new AdminCommands(builder);
        commands.Add("set-welcome", "Set Welcome Message", async (request, cancellationToken) => CommandStep.Ask(AdminForms.Ask(
            "Setting Welcome Message", "Fill out this form to set the welcome message for this service.",
            FormField.Lines("welcome", "Welcome Message", await _setting.GetAsync(request.Host, cancellationToken))
                with
            { IsRequired = true }), SetAsync));
        commands.Add("delete-welcome", "Delete Welcome Message", DeleteAsync);
        builder.AccountAdded(WelcomeAsync);
    }

    private async ValueTask<CommandStep> SetAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        await _setting.SetAsync(request.Host, form.Text("welcome")!, cancellationToken);
        return CommandStep.Done("Set the welcome message.");
    }

    private async ValueTask<CommandStep> DeleteAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        if ((await _setting.GetAsync(request.Host, cancellationToken)).Length == 0)
            return CommandStep.Fail(StanzaErrorCondition.ItemNotFound, "There is no welcome message.");
        await _setting.SetAsync(request.Host, "", cancellationToken);
        return CommandStep.Done("Deleted the welcome message.");
    }

    private async ValueTask WelcomeAsync(Jid account)
    {
        if (await _setting.GetAsync(account.Domain, CancellationToken.None) is { Length: > 0 } text)
            await stanzas.SendMessageAsync(Announcements.Message(account.Domain, account, null, text), CancellationToken.None);
    }
}
