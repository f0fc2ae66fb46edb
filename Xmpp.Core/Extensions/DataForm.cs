using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Extensions;

/// <summary>Form types (XEP-0004 §3.1).</summary>
public enum DataFormType
{
    /// <summary>To be filled out.</summary>
    Form,

    /// <summary>Filled out.</summary>
    Submit,

    /// <summary>Not to be filled out after all.</summary>
    Cancel,

    /// <summary>Data that is reported.</summary>
    Result,
}

/// <summary>XEP-0004 Data Forms: fields to fill out, filled out, or reported.</summary>
/// <param name="Type">What the form is there for.</param>
/// <param name="Fields">The fields in order; no two have the same var.</param>
[Xep(4, "2.13.2")]
public sealed record DataForm(DataFormType Type, params IReadOnlyList<FormField> Fields)
{
    /// <summary>The field that tells which registered form it is (XEP-0068).</summary>
    public const string FormTypeVar = "FORM_TYPE";

    public static XmlName Name { get; } = new(Namespaces.DataForms, "x");

    private static readonly XmlName _reported = new(Namespaces.DataForms, "reported");
    private static readonly XmlName _item = new(Namespaces.DataForms, "item");
    private static readonly string[] _types = [.. Enum.GetNames<DataFormType>().Select(WireNames.FromPascalCase)];

    public string? Title { get; init; }

    /// <summary>What to do, for people, one paragraph each.</summary>
    public IReadOnlyList<string> Instructions { get; init; } = [];

    /// <summary>The columns of a result with several items (§3.4): fields without values.</summary>
    public IReadOnlyList<FormField> Reported { get; init; } = [];

    /// <summary>The rows of a result with several items.</summary>
    public IReadOnlyList<IReadOnlyList<FormField>> Items { get; init; } = [];

    /// <summary>
    /// The registered form it is, or null. Only a hidden field counts, but that a submitted one is hidden goes without
    /// saying (XEP-0068 §3).
    /// </summary>
    public string? FormType => Field(FormTypeVar) is { Values: [var only] } tag
        && (tag.Type is FormFieldType.Hidden || (tag.Type is null && Type is DataFormType.Submit)) ? only : null;

    /// <summary>A form of a registered type: FORM_TYPE and the fields.</summary>
    public static DataForm Of(DataFormType type, string formType, params IEnumerable<FormField> fields) =>
        new(type, [FormField.Hidden(FormTypeVar, formType), .. fields]);

    public FormField? Field(string var) => Fields.FirstOrDefault(field => field.Var == var);

    /// <summary>The first value of a field; null when there is no such field or it has none.</summary>
    public string? Value(string var) => Field(var)?.Value;

    /// <summary>The values of a field; none when there is no such field.</summary>
    public IReadOnlyList<string> Values(string var) => Field(var)?.Values ?? [];

    /// <summary>The value of a boolean field; null when there is no such field or its value isn't one.</summary>
    public bool? Boolean(string var) => Value(var) switch
    {
        "1" or "true" => true,
        "0" or "false" => false,
        _ => null,
    };

    /// <summary>The lines of a text-multi field as one text; null when there is no such field.</summary>
    public string? Text(string var) => Field(var) is { } field ? string.Join('\n', field.Values) : null;

    /// <summary>The valid addresses in a field, each once (§3.3: "duplicate JIDs MUST be ignored").</summary>
    public IReadOnlyList<Jid> Jids(string var) =>
        [.. Values(var).Select(value => Jid.TryParse(value, out var jid) ? jid : null).OfType<Jid>().Distinct()];

    public Element ToElement() => new(Name,
        Element.Attr("type", _types[(int)Type]),
        Title is null ? null : new Element(Namespaces.DataForms, "title", Title),
        Instructions.Select(text => new Element(Namespaces.DataForms, "instructions", text)),
        Fields.Select(field => field.ToElement()),
        Reported.Count == 0 ? null : new Element(_reported, Reported.Select(field => field.ToElement())),
        Items.Select(item => new Element(_item, item.Select(field => field.ToElement()))));

    /// <summary>
    /// Reads an <c>&lt;x/&gt;</c>; null when it isn't a form, has no valid type, or two fields of one var, or a field without
    /// any that isn't fixed.
    /// </summary>
    public static DataForm? Parse(Element? element)
    {
        if (element?.Name != Name || Array.IndexOf(_types, element["type"]) is var type && type < 0)
            return null;
        var fields = FormField.ParseAll(element);
        if (!AreNamed(fields))
            return null;
        return new((DataFormType)type, fields)
        {
            Title = element.Child(Namespaces.DataForms, "title")?.Text,
            Instructions = [.. element.Elements.Where(child => child.Name.Local == "instructions").Select(child => child.Text)],
            Reported = element.Child(_reported) is { } reported ? FormField.ParseAll(reported) : [],
            Items = [.. element.Elements.Where(child => child.Name == _item).Select(FormField.ParseAll)],
        };
    }

    /// <summary>
    /// Whether a submission answers this form (§4): what is required is there, and every value is one of its field's type. Fields
    /// that this form doesn't have are ignored, and an empty value stands for none.
    /// </summary>
    /// <returns><c>not-acceptable</c> with the reason, or null when all is well.</returns>
    public StanzaError? Check(DataForm submission)
    {
        if (submission.FormType is { } formType && FormType is { } expected && formType != expected)
            return NotAcceptable($"The form is '{expected}', not '{formType}'.");
        foreach (var field in Fields)
        {
            if (field.Var is { } var && field.Type is not FormFieldType.Fixed && Problem(field, submission.Values(var)) is { } problem)
                return NotAcceptable($"'{var}' {problem}");
        }
        return null;
    }

    private static string? Problem(FormField field, IReadOnlyList<string> values)
    {
        var given = values.Where(value => value.Length > 0).ToList();
        if (given.Count == 0)
            return field.IsRequired ? "is required." : null;
        if (values.Count > 1 && !field.IsMultiple)
            return "takes one value.";
        return field.Type switch
        {
            FormFieldType.Boolean when given[0] is not ("0" or "1" or "true" or "false") => "is yes or no.",
            FormFieldType.JidSingle or FormFieldType.JidMulti when given.Exists(value => !Jid.TryParse(value, out _)) => "takes addresses.",
            FormFieldType.ListSingle or FormFieldType.ListMulti when given.Except(field.Options.Select(option => option.Value)).Any()
                => "is none of the choices.",
            _ => null,
        };
    }

    private static bool AreNamed(IReadOnlyList<FormField> fields)
    {
        var vars = new HashSet<string>();
        return fields.All(field => field.Var is { } var ? vars.Add(var) : field.Type is FormFieldType.Fixed);
    }

    private static StanzaError NotAcceptable(string text) => StanzaError.Of(StanzaErrorCondition.NotAcceptable, text);
}
