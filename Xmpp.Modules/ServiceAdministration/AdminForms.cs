using Xmpp.Core.Extensions;

namespace Xmpp.Modules;

/// <summary>The forms of XEP-0133, with the fields that it registers (§8.2).</summary>
internal static class AdminForms
{
    /// <summary>FORM_TYPE, and the beginning of the commands' nodes.</summary>
    public const string Ns = "http://jabber.org/protocol/admin";

    /// <summary>A form to fill out.</summary>
    public static DataForm Ask(string title, string instructions, params IReadOnlyList<FormField> fields) =>
        DataForm.Of(DataFormType.Form, Ns, fields) with { Title = title, Instructions = [instructions] };

    public static DataForm Result(params IEnumerable<FormField> fields) => DataForm.Of(DataFormType.Result, Ns, fields);

    public static FormField Account(string label) => new("accountjid", FormFieldType.JidSingle) { Label = label, IsRequired = true };

    public static FormField Accounts(string label) => new("accountjids", FormFieldType.JidMulti) { Label = label, IsRequired = true };

    public static FormField Secret(string var, string label) => new(var, FormFieldType.TextPrivate) { Label = label };

    public static FormField Jids(string var, string label, params IEnumerable<string> values) =>
        new(var, FormFieldType.JidMulti, [.. values]) { Label = label };

    public static FormField MaxItems() => FormField.List("max_items", "Maximum number of items to show", null,
        new("25", "25"), new("50", "50"), new("75", "75"), new("100", "100"), new("150", "150"), new("200", "200"), new("none", "None"));

    public static FormField Delay(string label) => FormField.List("delay", label, null,
        new("30", "30 seconds"), new("60", "60 seconds"), new("90", "90 seconds"), new("120", "2 minutes"),
        new("180", "3 minutes"), new("240", "4 minutes"), new("300", "5 minutes"));
}
