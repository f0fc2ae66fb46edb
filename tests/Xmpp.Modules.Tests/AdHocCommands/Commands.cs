using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>A client that executes ad-hoc commands.</summary>
internal static class Commands
{
    private const string Ns = AdHocCommand.Namespace;

    /// <summary>Takes a step of a command and gives the whole answer.</summary>
    /// <param name="form">What is submitted, if anything.</param>
    public static async Task<Element> CommandAsync(
        this TestClient client, string to, string node, string? sessionId = null, string? action = null, DataForm? form = null)
    {
        var command = new Element(Ns, "command",
            Element.Attr("node", node), Element.Attr("sessionid", sessionId), Element.Attr("action", action), form?.ToElement());
        await client.SendAsync($"<iq type='set' id='cmd' to='{to}'>{command}</iq>");
        return await client.ReadAsync();
    }

    /// <summary>The command in an answer, which is in this state.</summary>
    public static Element Command(this Element answer, string status)
    {
        var command = answer.Child(Ns, "command");
        Assert.True(command?["status"] == status, $"Expected a command that is {status}, not {answer}");
        Assert.NotEmpty(command!["sessionid"]!);
        return command;
    }

    /// <summary>The form to fill out, or the first of the result.</summary>
    public static DataForm Form(this Element command) => DataForm.Parse(command.Child(DataForm.Name))!;

    /// <summary>The text of the note.</summary>
    public static string? Note(this Element command) => command.Child(Ns, "note")?.Text;

    /// <summary>The allowed actions, the default one first.</summary>
    public static IEnumerable<string> Actions(this Element command)
    {
        var actions = command.Child(Ns, "actions")!;
        return [actions["execute"]!, .. actions.Elements.Select(action => action.Name.Local)];
    }

    /// <summary>Checks that a step failed with this error (XEP-0050 §4.4).</summary>
    /// <param name="specific">The application condition, or null for none.</param>
    public static StanzaError ExpectError(
        this Element answer, StanzaErrorType type, StanzaErrorCondition condition, string? specific = null)
    {
        Assert.Equal("error", answer["type"]);
        var error = StanzaError.Parse(answer)!;
        Assert.Equal((type, condition, specific), (error.Type, error.Condition, error.Application?.Name.Local));
        Assert.Equal(specific is null ? null : Ns, error.Application?.Name.Namespace);
        return error;
    }

    /// <summary>Begins a command that has one form, fills it out, and gives the command as it is then, or the error.</summary>
    public static async Task<Element> ExecuteAsync(this TestClient client, string to, string node, params FormField[] fields)
    {
        var begun = (await client.CommandAsync(to, node)).Command("executing");
        var formType = begun.Form().FormType;
        return await client.CommandAsync(to, node, begun["sessionid"], null, formType is null
            ? new DataForm(DataFormType.Submit, fields)
            : DataForm.Of(DataFormType.Submit, formType, fields));
    }

    /// <summary>A field as it is submitted.</summary>
    public static FormField Given(string var, params string[] values) => new(var, null, values);
}
