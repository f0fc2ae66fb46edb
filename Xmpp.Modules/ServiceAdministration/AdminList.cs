using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules;

/// <summary>XEP-0133 §4.29: who administers the host. Those whom the configuration names stay.</summary>
internal sealed class AdminList(IAdministrators administrators)
{
    public void Register(AdminCommands commands) => commands.Add("edit-admin", "Edit Admin List", (request, _) => new(CommandStep.Ask(
        AdminForms.Ask(
            "Editing the Admin List", "Fill out this form to edit the list of entities who have administrative privileges.",
            AdminForms.Jids("adminjids", "The admin list", administrators.Of(request.Host).Select(jid => jid.ToString()))),
        SetAsync)));

    private async ValueTask<CommandStep> SetAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var chosen = form.Jids("adminjids");
        if (chosen.FirstOrDefault(jid => jid is not { Local: not null, IsBare: true }) is { } odd)
            return CommandStep.Refuse($"{odd} is not the address of an account.");
        if (administrators.Of(request.Host).FirstOrDefault(jid => administrators.IsConfigured(jid) && !chosen.Contains(jid)) is { } kept)
            return CommandStep.Fail(StanzaErrorCondition.NotAllowed, $"{kept} is an administrator by the configuration file.");
        await administrators.SetAsync(request.Host, chosen, cancellationToken);
        return CommandStep.Done(chosen.Count == 1 ? "There is 1 administrator." : $"There are {chosen.Count} administrators.");
    }
}
