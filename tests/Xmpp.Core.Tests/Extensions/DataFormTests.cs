using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class DataFormTests
{
    private const string Bot = "jabber:bot";

    private static readonly DataForm _form = DataForm.Of(DataFormType.Form, Bot,
        new FormField(null, FormFieldType.Fixed, "Section 1: Bot Info"),
        FormField.Text("botname", "The name of your bot"),
        FormField.Lines("description", "Helpful description of your bot"),
        FormField.Boolean("public", "Public bot?", value: false) with { IsRequired = true },
        new FormField("password", FormFieldType.TextPrivate) { Label = "Password for special access" },
        new FormField("features", FormFieldType.ListMulti, "news", "search")
        {
            Options = [new("contests", "Contests"), new("news", "News"), new("search", "Search")],
        },
        FormField.List("maxsubs", "Maximum number of subscribers", "20", new("10", "10"), new("20", "20"), new("none", "None")),
        new FormField("owner", FormFieldType.JidSingle),
        new FormField("invitelist", FormFieldType.JidMulti) { Description = "Tell all your friends about your new bot!" })
    with
    {
        Title = "Bot Configuration",
        Instructions = ["Fill out this form", "to configure your new bot!"],
    };

    [Fact]
    public void A_form_reads_back_as_it_was_written()
    {
        var element = _form.ToElement();

        var read = DataForm.Parse(element);

        Assert.NotNull(read);
        Assert.Equal(element, read.ToElement());
        Assert.Equal((DataFormType.Form, "Bot Configuration", Bot), (read.Type, read.Title, read.FormType));
        Assert.Equal(_form.Instructions, read.Instructions);
        Assert.Equal(_form.Fields.Select(field => field.Type), read.Fields.Select(field => field.Type));
        Assert.Equal(["news", "search"], read.Values("features"));
        Assert.Equal([new("10", "10"), new("20", "20"), new("none", "None")], read.Field("maxsubs")?.Options);
        Assert.True(read.Field("public")?.IsRequired);
        Assert.False(read.Field("botname")?.IsRequired);
        Assert.Equal("Tell all your friends about your new bot!", read.Field("invitelist")?.Description);
    }

    [Fact]
    public void Fields_are_written_as_the_specification_has_them()
    {
        var field = FormField.List("maxsubs", "Maximum", "20", new FormOption("10", "Ten")) with
        {
            IsRequired = true,
            Description = "How many",
        };

        Assert.Equal(
            new Element(Namespaces.DataForms, "field",
                Element.Attr("var", "maxsubs"), Element.Attr("type", "list-single"), Element.Attr("label", "Maximum"),
                new Element(Namespaces.DataForms, "desc", "How many"),
                new Element(Namespaces.DataForms, "required"),
                new Element(Namespaces.DataForms, "value", "20"),
                new Element(Namespaces.DataForms, "option",
                    Element.Attr("label", "Ten"), new Element(Namespaces.DataForms, "value", "10"))),
            field.ToElement());
    }

    [Fact]
    public void Field_types_have_the_names_of_the_specification()
    {
        Assert.Equal(
            [
                "text-single", "text-multi", "text-private", "boolean", "fixed", "hidden", "jid-single", "jid-multi", "list-single",
                "list-multi",
            ],
            Enum.GetValues<FormFieldType>().Select(type => new FormField("x", type).ToElement()["type"]));
    }

    [Fact]
    public void Values_are_read_as_what_they_mean()
    {
        var submitted = Submit(
            ("text", ["one"]), ("lines", ["one", "", "three"]), ("yes", ["true"]), ("no", ["0"]), ("perhaps", ["maybe"]), ("empty", []),
            ("jids", ["Juliet@capulet.com", "@", "benvolio@montague.net", "juliet@CAPULET.com"]));

        Assert.Equal("one", submitted.Value("text"));
        Assert.Equal("one\n\nthree", submitted.Text("lines"));
        Assert.Equal([true, false, null, null], new[] { "yes", "no", "perhaps", "absent" }.Select(submitted.Boolean));
        Assert.Equal((null, null, ""), (submitted.Value("empty"), submitted.Text("absent"), submitted.Text("empty")));
        Assert.Equal([Jid.Parse("juliet@capulet.com"), Jid.Parse("benvolio@montague.net")], submitted.Jids("jids"));
        Assert.Equal(["one", "", "three"], FormField.Lines("lines", null, "one\r\n\nthree").Values);
        Assert.Empty(FormField.Lines("lines", null).Values);
    }

    /// <summary>Form type, type of the FORM_TYPE field, its values; whether it counts (XEP-0068 §3).</summary>
    [Theory]
    [InlineData("form", "hidden", 1, true)]
    [InlineData("form", null, 1, false)]
    [InlineData("form", "text-single", 1, false)]
    [InlineData("result", "hidden", 1, true)]
    [InlineData("result", null, 1, false)]
    [InlineData("submit", "hidden", 1, true)]
    [InlineData("submit", null, 1, true)]
    [InlineData("submit", "text-single", 1, false)]
    [InlineData("submit", "hidden", 0, false)]
    [InlineData("submit", "hidden", 2, false)]
    public void A_form_type_is_one_hidden_value(string form, string? fieldType, int values, bool counts)
    {
        var parsed = DataForm.Parse(X(form, new Element(Namespaces.DataForms, "field",
            Element.Attr("var", "FORM_TYPE"), Element.Attr("type", fieldType),
            Enumerable.Repeat(new Element(Namespaces.DataForms, "value", Bot), values))));

        Assert.Equal(counts ? Bot : null, parsed?.FormType);
    }

    [Fact]
    public void A_field_type_that_is_unknown_is_text_single_and_one_that_is_absent_is_open()
    {
        var form = DataForm.Parse(X("form",
            new Element(Namespaces.DataForms, "field", Element.Attr("var", "a"), Element.Attr("type", "text-holographic")),
            new Element(Namespaces.DataForms, "field", Element.Attr("var", "b"))));

        Assert.Equal([FormFieldType.TextSingle, null], form?.Fields.Select(field => field.Type));
    }

    public static TheoryData<string, Element?> NoForms { get; } = new()
    {
        { "nothing", null },
        { "another element", new Element("jabber:x:oob", "x", Element.Attr("type", "form")) },
        { "no type", new Element(DataForm.Name) },
        { "an unknown type", X("error") },
        { "two fields of one name", X("submit", Field("a"), Field("a")) },
        { "a field without a name", X("submit", Field(null)) },
    };

    [Theory]
    [MemberData(nameof(NoForms), DisableDiscoveryEnumeration = true)]
    public void What_is_no_form_is_not_read(string what, Element? element)
    {
        Assert.True(DataForm.Parse(element) is null, what);
    }

    [Fact]
    public void A_result_of_several_items_has_columns_and_rows()
    {
        var result = new DataForm(DataFormType.Result)
        {
            Title = "Joogle Search: verona",
            Reported = [new("name", FormFieldType.TextSingle) { Label = "Name" }, new("url", null)],
            Items =
            [
                [new("name", null, "Comune di Verona"), new("url", null, "http://www.comune.verona.it/")],
                [new("name", null, "benvenuto!"), new("url", null, "http://www.hellasverona.it/")],
            ],
        };

        var element = result.ToElement();
        var read = DataForm.Parse(element);

        Assert.Equal(["title", "reported", "item", "item"], element.Elements.Select(child => child.Name.Local));
        Assert.Equal(["name", "url"], read?.Reported.Select(field => field.Var));
        Assert.Equal(["Comune di Verona", "benvenuto!"], read?.Items.Select(item => item[0].Value));
        Assert.Equal(element, read?.ToElement());
    }

    /// <summary>Field, its submitted values (joined by commas; null: not submitted), whether the form accepts them.</summary>
    [Theory]
    [InlineData("botname", null, true)]
    [InlineData("botname", "The Bot", true)]
    [InlineData("botname", "two,values", false)]
    [InlineData("description", "two,lines", true)]
    [InlineData("public", null, false)]
    [InlineData("public", "", false)]
    [InlineData("public", "1", true)]
    [InlineData("public", "false", true)]
    [InlineData("public", "yes", false)]
    [InlineData("public", "1,1", false)]
    [InlineData("features", "news", true)]
    [InlineData("features", "news,contests", true)]
    [InlineData("features", "news,weather", false)]
    [InlineData("features", "", true)]
    [InlineData("maxsubs", "none", true)]
    [InlineData("maxsubs", "15", false)]
    [InlineData("maxsubs", "10,20", false)]
    [InlineData("owner", "romeo@montague.net", true)]
    [InlineData("owner", "@", false)]
    [InlineData("owner", "", true)]
    [InlineData("invitelist", "juliet@capulet.com,benvolio@montague.net", true)]
    [InlineData("invitelist", "juliet@capulet.com,@", false)]
    [InlineData("unheard-of", "anything,goes", true)]
    public void A_submission_is_checked_against_its_form(string var, string? values, bool accepted)
    {
        var fields = new List<(string, string[])> { ("public", ["1"]) };
        fields.RemoveAll(field => field.Item1 == var);
        if (values is not null)
            fields.Add((var, values.Split(',')));

        var error = _form.Check(Submit([.. fields]));

        Assert.Equal(accepted ? null : StanzaErrorCondition.NotAcceptable, error?.Condition);
        if (!accepted)
            Assert.StartsWith($"'{var}' ", error?.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(Bot, true)]
    [InlineData("jabber:robot", false)]
    public void A_submission_to_another_form_is_not_acceptable(string? formType, bool accepted)
    {
        var form = DataForm.Of(DataFormType.Form, Bot);
        var submission = formType is null ? new DataForm(DataFormType.Submit) : DataForm.Of(DataFormType.Submit, formType);

        Assert.Equal(accepted, form.Check(submission) is null);
    }

    private static DataForm Submit(params (string Var, string[] Values)[] fields) =>
        new(DataFormType.Submit, [.. fields.Select(field => new FormField(field.Var, null, field.Values))]);

    private static Element X(string type, params Element[] fields) => new(DataForm.Name, Element.Attr("type", type), fields);

    private static Element Field(string? var) => new(Namespaces.DataForms, "field", Element.Attr("var", var));
}
