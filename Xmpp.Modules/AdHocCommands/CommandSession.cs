using Xmpp.Core;
using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>A command in the middle of being executed (XEP-0050 §3.3).</summary>
/// <param name="id">See <see cref="CommandSessions"/>.</param>
/// <param name="requester">The full JID of who executes it.</param>
internal sealed class CommandSession(string id, AdHocCommand command, Jid requester)
{
    private readonly Stack<CommandQuestion> _asked = new();

    public string Id => id;

    public AdHocCommand Command => command;

    public Jid Requester => requester;

    /// <summary>The form that waits to be filled out.</summary>
    public CommandQuestion Question => _asked.Peek();

    /// <summary>Whether there is a form to go back to.</summary>
    public bool CanGoBack => _asked.Count > 1;

    /// <summary>When it is over if nothing comes.</summary>
    public DateTimeOffset Expires { get; set; }

    public void Ask(CommandQuestion question) => _asked.Push(question);

    public void GoBack() => _asked.Pop();
}
