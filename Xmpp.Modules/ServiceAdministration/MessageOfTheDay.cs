using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0133 §4.24 to §4.26: a message that every user of a host gets once, now or at the next login. One that is set anew goes to all;
/// one that is edited, to those who haven't got it yet.
/// </summary>
internal sealed class MessageOfTheDay
{
    private const string Kind = "motd";
    private const int DeliveriesAtOnce = 64;
    private static readonly AccountDataLimit Limit = new(MaxEntries: 1, MaxBytes: 64);

    private readonly HostSetting<Motd> _setting;
    private readonly ISessionDirectory _sessions;
    private readonly IStanzaSender _stanzas;

    // The id of the last one that an account got; "" for none.
    private readonly AccountCache<string> _seen;
    private readonly IAccountDataStore _data;

    public MessageOfTheDay(IStore store, ISessionDirectory sessions, IStanzaSender stanzas)
    {
        _setting = new(store.Settings, Kind, Motd.Read, motd => motd.Write());
        (_sessions, _stanzas, _data) = (sessions, stanzas, store.AccountData);
        _seen = new(sessions, async (account, cancellationToken) =>
            await _data.FindAsync(account, Kind, "", cancellationToken) is { } id ? Encoding.UTF8.GetString(id.Span) : "");
    }

    public void Register(IModuleBuilder builder)
    {
        var commands = new AdminCommands(builder);
        commands.Add("set-motd", "Set Message of the Day", (_, _) => new(CommandStep.Ask(
            Form("Setting the Message of the Day", "Fill out this form to set the message of the day.", ""), SetAsync)));
        commands.Add("edit-motd", "Edit Message of the Day", async (request, cancellationToken) =>
            await _setting.GetAsync(request.Host, cancellationToken) is { IsSet: true } motd
                ? CommandStep.Ask(
                    Form("Editing the Message of the Day", "Fill out this form to edit the message of the day.", motd.Text), EditAsync)
                : NotSet());
        commands.Add("delete-motd", "Delete Message of the Day", DeleteAsync);
        builder.BecomingAvailable(async (session, next) =>
        {
            await next();
            try
            {
                await DeliverAsync(session.Jid.Bare, CancellationToken.None);
            }
            catch (StoreException)
            {
                // No reason to keep anybody out: it is tried again at the next login.
            }
        });
        builder.AccountRemoved(_seen.ForgetAsync);
    }

    private static DataForm Form(string title, string instructions, string text) => AdminForms.Ask(
        title, instructions, FormField.Lines("motd", "Message of the Day", text) with { IsRequired = true });

    private async ValueTask<CommandStep> SetAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        await _setting.SetAsync(request.Host, new(Guid.NewGuid().ToString("N"), form.Text("motd")!), cancellationToken);
        // Each notes that it got it, and many notes are committed together.
        await Parallel.ForEachAsync(
            Announcements.OnlineAt(_sessions, request.Host).Where(IsAvailable),
            new ParallelOptions { MaxDegreeOfParallelism = DeliveriesAtOnce, CancellationToken = cancellationToken },
            DeliverAsync);
        return CommandStep.Done("Set the message of the day.");
    }

    private async ValueTask<CommandStep> EditAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var motd = await _setting.GetAsync(request.Host, cancellationToken);
        if (!motd.IsSet)
            return NotSet();
        await _setting.SetAsync(request.Host, motd with { Text = form.Text("motd")! }, cancellationToken);
        return CommandStep.Done("Changed the message of the day.");
    }

    private async ValueTask<CommandStep> DeleteAsync(CommandRequest request, CancellationToken cancellationToken)
    {
        if (!(await _setting.GetAsync(request.Host, cancellationToken)).IsSet)
            return NotSet();
        await _setting.SetAsync(request.Host, Motd.None, cancellationToken);
        return CommandStep.Done("Deleted the message of the day.");
    }

    /// <summary>Sends it to an account, unless it got it already.</summary>
    private async ValueTask DeliverAsync(Jid account, CancellationToken cancellationToken)
    {
        var motd = await _setting.GetAsync(account.Domain, cancellationToken);
        if (!motd.IsSet || _seen.Find(account) == motd.Id)
            return;
        await _seen.ChangeAsync(account, async seen =>
        {
            if (seen.Value == motd.Id)
                return false;
            // Noted first: after a crash it is rather missed than repeated at every start.
            var noted = await _data.SetAsync(account, Kind, "", Encoding.UTF8.GetBytes(motd.Id), Limit, cancellationToken);
            if (noted != AccountDataOutcome.Kept)
                return false;
            seen.Value = motd.Id;
            await _stanzas.SendMessageAsync(Announcements.Message(account.Domain, account, null, motd.Text), cancellationToken);
            return true;
        }, cancellationToken);
    }

    private bool IsAvailable(Jid account)
    {
        foreach (var session in _sessions.Of(account))
        {
            if (session.Presence is { TakesMessages: true })
                return true;
        }
        return false;
    }

    private static CommandStep NotSet() => CommandStep.Fail(StanzaErrorCondition.ItemNotFound, "There is no message of the day.");

    /// <summary>The message, and an id that changes when it is set anew.</summary>
    private sealed record Motd(string Id, string Text)
    {
        public static Motd None { get; } = new("", "");

        public bool IsSet => Id.Length > 0;

        public static Motd Read(string? stored) =>
            stored?.Split('\n', 2) is [var id, var text] ? new(id, text) : None;

        public string? Write() => IsSet ? $"{Id}\n{Text}" : null;
    }
}
