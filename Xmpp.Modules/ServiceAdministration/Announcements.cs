using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>XEP-0133 §4.23: what administrators tell everybody who is online, from a client or otherwise.</summary>
public sealed class Announcements(ISessionDirectory sessions, IStanzaSender stanzas)
{
    internal void Register(AdminCommands commands) =>
        commands.Add("announce", "Send Announcement to Online Users", (_, _) => new(CommandStep.Ask(AdminForms.Ask(
            "Making an Announcement", "Fill out this form to make an announcement to all active users of this service.",
            FormField.Lines("announcement", "Announcement") with { IsRequired = true }), AnnounceAsync)));

    /// <summary>Sends a message to the online users of a host. A headline: it is for now, and not kept (RFC 6121 §5.2.2).</summary>
    /// <returns>How many users it was sent to.</returns>
    public async ValueTask<int> SendAsync(string host, string text, CancellationToken cancellationToken)
    {
        var users = OnlineAt(sessions, host);
        foreach (var user in users)
            await stanzas.SendMessageAsync(Message(host, user, "headline", text), cancellationToken);
        return users.Count;
    }

    /// <summary>The accounts of a host that have sessions.</summary>
    internal static IReadOnlyCollection<Jid> OnlineAt(ISessionDirectory sessions, string host) =>
        [.. sessions.All.Select(session => session.Jid.Bare).Where(account => account.Domain == host).Distinct()];

    /// <summary>A message of the host itself.</summary>
    internal static Element Message(string host, Jid to, string? type, string text) => new(Namespaces.Client, "message",
        Element.Attr("type", type),
        Element.Attr("id", Guid.NewGuid().ToString()),
        Element.Attr("from", host),
        Element.Attr("to", to.ToString()),
        new Element(Namespaces.Client, "body", text));

    private async ValueTask<CommandStep> AnnounceAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var count = await SendAsync(request.Host, form.Text("announcement")!, cancellationToken);
        return CommandStep.Done(count == 1 ? "Sent to 1 user." : $"Sent to {count} users.");
    }
}
