using System.Globalization;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>Field types (XEP-0004 §3.3).</summary>
public enum FormFieldType
{
    TextSingle,
    TextMulti,
    TextPrivate,
    Boolean,
    Fixed,
    Hidden,
    JidSingle,
    JidMulti,
    ListSingle,
    ListMulti,
}

/// <summary>One choice of a list field.</summary>
public sealed record FormOption(string Value, string? Label = null);

/// <summary>A field of a <see cref="DataForm"/> (XEP-0004 §3.2).</summary>
/// <param name="Var">Names the field in its form; null on fixed fields only.</param>
/// <param name="Type">The type; null where it isn't given: text-single in a form to fill out, else known from the context.</param>
/// <param name="Values">The value or values; line by line for text-multi.</param>
[Xep(122, "1.0.2")]
public sealed record FormField(string? Var, FormFieldType? Type, params IReadOnlyList<string> Values)
{
    private static readonly XmlName _name = new(Namespaces.DataForms, "field");

    private static readonly string[] _types = [.. Enum.GetNames<FormFieldType>().Select(WireNames.FromPascalCase)];

    /// <summary>For people; null for none.</summary>
    public string? Label { get; init; }

    /// <summary>More than a label, for people; null for none.</summary>
    public string? Description { get; init; }

    public bool IsRequired { get; init; }

    /// <summary>The choices of a list field.</summary>
    public IReadOnlyList<FormOption> Options { get; init; } = [];

    /// <summary>The least whole number that may stand in it (XEP-0122 §3.2.3); null when any text may.</summary>
    public int? Least { get; init; }

    /// <summary>The only value or the first; null when there is none.</summary>
    public string? Value => Values.Count > 0 ? Values[0] : null;

    /// <summary>Whether more than one value may stand in it (§3.2).</summary>
    public bool IsMultiple =>
        Type is FormFieldType.ListMulti or FormFieldType.JidMulti or FormFieldType.TextMulti or FormFieldType.Hidden;

    public static FormField Text(string var, string? label, string? value = null) =>
        new(var, FormFieldType.TextSingle, value is null ? [] : [value]) { Label = label };

    /// <summary>Text of several lines, each a value of its own.</summary>
    public static FormField Lines(string var, string? label, string text = "") =>
        new(var, FormFieldType.TextMulti, text.Length == 0 ? [] : text.ReplaceLineEndings("\n").Split('\n')) { Label = label };

    public static FormField Boolean(string var, string? label, bool value) =>
        new(var, FormFieldType.Boolean, value ? "1" : "0") { Label = label };

    public static FormField Hidden(string var, params IReadOnlyList<string> values) => new(var, FormFieldType.Hidden, values);

    /// <summary>One choice of several.</summary>
    public static FormField List(string var, string? label, string? value, params IReadOnlyList<FormOption> options) =>
        new(var, FormFieldType.ListSingle, value is null ? [] : [value]) { Label = label, Options = options };

    public Element ToElement() => new(_name,
        Element.Attr("var", Var),
        Element.Attr("type", Type is { } type ? _types[(int)type] : null),
        Element.Attr("label", Label),
        Description is null ? null : new Element(Namespaces.DataForms, "desc", Description),
        IsRequired ? new Element(Namespaces.DataForms, "required") : null,
        Least is { } least ? Validation(least) : null,
        Values.Select(ValueElement),
        Options.Select(option => new Element(Namespaces.DataForms, "option",
            Element.Attr("label", option.Label), ValueElement(option.Value))));

    /// <summary>The fields among an element's children. A type that isn't known is text-single (§3.3).</summary>
    internal static IReadOnlyList<FormField> ParseAll(Element parent) =>
        [.. parent.Elements.Where(child => child.Name == _name).Select(Parse)];

    private static FormField Parse(Element field) => new(field["var"], ParseType(field["type"]), ValuesOf(field))
    {
        Label = field["label"],
        Description = field.Child(Namespaces.DataForms, "desc")?.Text,
        IsRequired = field.Child(Namespaces.DataForms, "required") is not null,
        Options =
        [
            .. Children(field, "option").Select(option =>
                new FormOption(option.Child(Namespaces.DataForms, "value")?.Text ?? "", option["label"])),
        ],
    };

    /// <summary>XEP-0500 §4.1 has it in this form.</summary>
    private static Element Validation(int least) => new("http://jabber.org/protocol/xdata-validate", "validate",
        Element.Attr("datatype", "xs:integer"),
        new Element("http://jabber.org/protocol/xdata-validate", "range",
            Element.Attr("min", least.ToString(CultureInfo.InvariantCulture))));

    private static FormFieldType? ParseType(string? type) =>
        type is null ? null : (FormFieldType)Math.Max(Array.IndexOf(_types, type), 0);

    private static string[] ValuesOf(Element field) => [.. Children(field, "value").Select(value => value.Text)];

    private static IEnumerable<Element> Children(Element parent, string local) =>
        parent.Elements.Where(child => child.Name == new XmlName(Namespaces.DataForms, local));

    private static Element ValueElement(string value) => new(Namespaces.DataForms, "value", value);
}
