using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0050 Ad-Hoc Commands: executes, step by step, the commands that other modules registered, and lists for each asker those that
/// it may execute. Cancelling is always allowed (§3.4).
/// </summary>
[Xep(50, "1.3.0")]
public sealed class AdHocCommands(
    ICommandRegistry commands, IAdministrators administrators, IHostDirectory hosts, AdHocCommandOptions options, TimeProvider time)
    : IXmppModule
{
    private const string Ns = AdHocCommand.Namespace;
    private static readonly XmlName Command = new(Ns, "command");
    private static readonly XmlName Language = new(Namespaces.Xml, "lang");

    private readonly CommandSessions _sessions = new(options, time);

    public void Register(IModuleBuilder builder)
    {
        const IqTarget everyone = IqTarget.Server | IqTarget.OwnAccount;
        builder.Feature(everyone, Ns);
        builder.Node(everyone, (query, node, _) => new(Describe(query, node)));
        builder.Iq(IqType.Set, everyone, Command, ExecuteAsync);
        builder.SessionEnded(session =>
        {
            _sessions.End(session.Jid);
            return default;
        });
    }

    /// <summary>§2.2: the list of commands, or one of them.</summary>
    private DiscoNode? Describe(DiscoQuery query, string node)
    {
        if (node == Ns)
        {
            return new(
                new([new("automation", "command-list", "Commands")], [Ns, Namespaces.DiscoInfo, Namespaces.DiscoItems], []),
                [
                    .. commands.Commands(query.Target)
                        .Where(command => IsAllowed(command, query.Asker, query.Entity))
                        .Select(command => new DiscoItem(query.Entity, command.Node, command.Name)),
                ]);
        }
        if (commands.FindCommand(query.Target, node) is not { } found)
            return null;
        return IsAllowed(found, query.Asker, query.Entity)
            ? new(new([new("automation", "command-node", found.Name)], [Ns, Namespaces.DataForms], []), [])
            : DiscoNode.Refused(CommandErrors.Forbidden);
    }

    private bool IsAllowed(AdHocCommand command, Jid requester, Jid entity) => command.Access switch
    {
        CommandAccess.Administrators => administrators.IsAdministrator(requester, entity.Domain),
        _ => hosts.IsLocal(requester),
    };

    private async ValueTask<IqReply> ExecuteAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var (payload, requester) = (iq.Payload, iq.From);
        if (payload["node"] is not { Length: > 0 } node)
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        if (commands.FindCommand(iq.Target, node) is not { } command)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound);
        // Asked at every step: rights may have been taken meanwhile.
        if (!IsAllowed(command, requester, iq.To) || iq.Session is null)
            return IqReply.Failed(CommandErrors.Forbidden);
        // §3.7: only a language asked for by the command itself is a wish; what the stanza has is often the stream's.
        if (payload.Attribute(Language) is { } language && !IsEnglish(language))
            return IqReply.Failed(CommandErrors.BadLocale);
        if (ReadAction(payload["action"]) is not { } action)
            return IqReply.Failed(CommandErrors.MalformedAction);

        var request = new CommandRequest(requester, iq.To, iq.Session);
        if (payload["sessionid"] is not { } id)
        {
            if (action != CommandAction.Execute)
                return IqReply.Failed(CommandErrors.BadAction);
            var begun = new CommandSession(_sessions.CreateId(requester, iq.To, node), command, requester);
            return Reply(begun, await command.Execute(request, cancellationToken));
        }
        if (!_sessions.IsOurs(id, requester, iq.To, node))
            return IqReply.Failed(CommandErrors.BadSessionId);
        return _sessions.Take(id, requester) is { } session
            ? await GoOnAsync(session, action, request, payload, cancellationToken)
            : IqReply.Failed(CommandErrors.SessionExpired);
    }

    private async ValueTask<IqReply> GoOnAsync(
        CommandSession session, CommandAction action, CommandRequest request, Element payload, CancellationToken cancellationToken)
    {
        if (action == CommandAction.Cancel)
            return IqReply.Result(Answer(session, "canceled"));
        CommandStep? step = null;
        try
        {
            step = await StepAsync(session, action, request, payload, cancellationToken);
        }
        finally
        {
            // What failed, expectedly or not, may be tried again.
            if (step is null or CommandFailure)
                _sessions.TryAdd(session);
        }
        return Reply(session, step);
    }

    private static ValueTask<CommandStep> StepAsync(
        CommandSession session, CommandAction action, CommandRequest request, Element payload, CancellationToken cancellationToken)
    {
        var question = session.Question;
        if (action == CommandAction.Prev && session.CanGoBack)
        {
            session.GoBack();
            question = session.Question;
            session.GoBack();
            return new(question);
        }
        // §3.4: "execute" is what the last answer said that it is.
        if (action is not CommandAction.Execute && action != (question.IsLast ? CommandAction.Complete : CommandAction.Next))
            return new(CommandStep.Fail(CommandErrors.BadAction));
        // §3.5.1: a form of type "cancel" counts as submitted.
        if (DataForm.Parse(payload.Child(DataForm.Name)) is not { Type: DataFormType.Submit or DataFormType.Cancel } form)
            return new(CommandStep.Fail(CommandErrors.BadPayload));
        if (question.Form.Check(form with { Type = DataFormType.Submit }) is { } unfit)
            return new(CommandStep.Fail(CommandErrors.UnfitForm(unfit)));
        return question.Submitted(request, form, cancellationToken);
    }

    private IqReply Reply(CommandSession session, CommandStep step)
    {
        switch (step)
        {
            case CommandFailure failure:
                return IqReply.Failed(failure.Error);
            case CommandQuestion question:
                session.Ask(question);
                if (!_sessions.TryAdd(session))
                    return IqReply.Failed(StanzaErrorCondition.ResourceConstraint, "Too many commands are being executed.");
                return IqReply.Result(Answer(session, "executing", Actions(session), question.Form.ToElement()));
            case CommandCompletion completion:
                return IqReply.Result(Answer(session, "completed",
                    completion.Payload,
                    completion.Notes.Select(note => new Element(Ns, "note", Element.Attr("type", NameOf(note.Type)), note.Text))));
            default:
                throw new InvalidOperationException($"A command's step is {step.GetType().Name}.");
        }
    }

    private static Element Actions(CommandSession session)
    {
        var forth = session.Question.IsLast ? "complete" : "next";
        return new Element(Ns, "actions",
            Element.Attr("execute", forth),
            session.CanGoBack ? new Element(Ns, "prev") : null,
            new Element(Ns, forth));
    }

    private static Element Answer(CommandSession session, string status, params ReadOnlySpan<object?> content) => new Element(Command,
        Element.Attr("node", session.Command.Node),
        Element.Attr("sessionid", session.Id),
        Element.Attr("status", status),
        new ElementAttribute(Language, "en")).Add(content);

    private static bool IsEnglish(string language) => language == "*"
        || language.Equals("en", StringComparison.OrdinalIgnoreCase)
        || language.StartsWith("en-", StringComparison.OrdinalIgnoreCase);

    private static string NameOf(CommandNoteType type) => type switch
    {
        CommandNoteType.Warn => "warn",
        CommandNoteType.Error => "error",
        _ => "info",
    };

    /// <summary>Null for what is none of the five (§4.1).</summary>
    private static CommandAction? ReadAction(string? action) => action switch
    {
        null or "execute" => CommandAction.Execute,
        "cancel" => CommandAction.Cancel,
        "prev" => CommandAction.Prev,
        "next" => CommandAction.Next,
        "complete" => CommandAction.Complete,
        _ => null,
    };

    private enum CommandAction
    {
        Execute,
        Cancel,
        Prev,
        Next,
        Complete,
    }
}
