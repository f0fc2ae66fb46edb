using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Who may execute a command.</summary>
public enum CommandAccess
{
    /// <summary>Every account of this server.</summary>
    Accounts,

    /// <summary>The administrators of the host that is asked.</summary>
    Administrators,
}

/// <summary>A command that people execute step by step (XEP-0050).</summary>
/// <param name="Node">Identifies it; unique among the commands of an entity.</param>
/// <param name="Name">For people, in English.</param>
/// <param name="Targets">The entities that offer it: the server, the account of who executes it, or both.</param>
/// <param name="Access">Who may execute it. Others get <c>forbidden</c> and don't see it.</param>
/// <param name="Execute">The first step.</param>
public sealed record AdHocCommand(string Node, string Name, IqTarget Targets, CommandAccess Access, CommandHandler Execute)
{
    /// <summary>The protocol's namespace, and the node whose items are the commands.</summary>
    public const string Namespace = "http://jabber.org/protocol/commands";
}

/// <summary>Who executes a command, and on what.</summary>
/// <param name="Requester">The full JID.</param>
/// <param name="Entity">The domain or the bare JID that the command is executed on.</param>
/// <param name="Session">The requester's session.</param>
public sealed record CommandRequest(Jid Requester, Jid Entity, ISession Session)
{
    /// <summary>The virtual host that it is about.</summary>
    public string Host => Entity.Domain;
}

/// <summary>Begins a command.</summary>
public delegate ValueTask<CommandStep> CommandHandler(CommandRequest request, CancellationToken cancellationToken);

/// <summary>Goes on with a form that was filled out, and found to answer the form that was sent (<see cref="DataForm.Check"/>).</summary>
public delegate ValueTask<CommandStep> CommandFormHandler(CommandRequest request, DataForm form, CancellationToken cancellationToken);

/// <summary>The severity of a note (XEP-0050 §4.3).</summary>
public enum CommandNoteType
{
    Info,
    Warn,
    Error,
}

/// <summary>A line for the person who executes a command.</summary>
public sealed record CommandNote(CommandNoteType Type, string Text);

/// <summary>What becomes of a command after one of its steps. Made by the static methods.</summary>
public abstract record CommandStep
{
    private static readonly XmlName BadPayload = new(AdHocCommand.Namespace, "bad-payload");

    /// <summary>Asks for a form to be filled out.</summary>
    /// <param name="submitted">What to do with it.</param>
    /// <param name="isLast">Whether the command is complete with it: else another form follows.</param>
    public static CommandStep Ask(DataForm form, CommandFormHandler submitted, bool isLast = true) =>
        new CommandQuestion(form, submitted, isLast);

    /// <summary>The command is completed.</summary>
    public static CommandStep Done(string note) => new CommandCompletion([], [new(CommandNoteType.Info, note)]);

    /// <summary>The command is completed, with forms of type "result" to show.</summary>
    public static CommandStep Done(params IEnumerable<DataForm> results) =>
        new CommandCompletion([.. results.Select(form => form.ToElement())], []);

    /// <summary>The command is completed, with other things to show.</summary>
    public static CommandStep Done(IReadOnlyList<Element> payload, params IReadOnlyList<CommandNote> notes) =>
        new CommandCompletion(payload, notes);

    /// <summary>The form is no answer (XEP-0050 §4.4, <c>bad-payload</c>); it may be submitted again.</summary>
    public static CommandStep Refuse(string reason) => Fail(
        new StanzaError(StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, reason, new Element(BadPayload)));

    /// <summary>The step was not done; it may be tried again.</summary>
    public static CommandStep Fail(StanzaErrorCondition condition, string text) => Fail(StanzaError.Of(condition, text));

    /// <inheritdoc cref="Fail(StanzaErrorCondition, string)"/>
    public static CommandStep Fail(StanzaError error) => new CommandFailure(error);
}

/// <summary>See <see cref="CommandStep.Ask"/>.</summary>
public sealed record CommandQuestion(DataForm Form, CommandFormHandler Submitted, bool IsLast) : CommandStep;

/// <summary>See <see cref="CommandStep.Done(string)"/>.</summary>
public sealed record CommandCompletion(IReadOnlyList<Element> Payload, IReadOnlyList<CommandNote> Notes) : CommandStep;

/// <summary>See <see cref="CommandStep.Fail(StanzaError)"/>.</summary>
public sealed record CommandFailure(StanzaError Error) : CommandStep;

/// <summary>The commands that the loaded modules offer.</summary>
public interface ICommandRegistry
{
    /// <summary>Those of a kind of entity, in the order of the modules.</summary>
    IReadOnlyList<AdHocCommand> Commands(IqTarget target);

    /// <summary>A command by its node, or null.</summary>
    AdHocCommand? FindCommand(IqTarget target, string node);
}
