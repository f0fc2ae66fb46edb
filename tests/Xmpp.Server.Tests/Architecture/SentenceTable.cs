using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Xmpp.Server.Tests.Architecture;

/// <summary>
/// A document says which test shows each MUST of a specification, and is what the tests' attributes say. To make it anew:
/// <c>XMPPCHAT_WRITE_DOCS=1</c> in the environment of these tests.
/// </summary>
/// <param name="attribute">Of tests; its sentences and the document are named after it.</param>
/// <param name="title">Of the document.</param>
/// <param name="scope">Which sentences there are.</param>
public abstract partial class SentenceTable(string attribute, string title, string scope)
{
    private readonly string _name = attribute.ToLowerInvariant();

    private string Document => $"docs/{_name}.md";

    private sealed record Sentence(string Number, string Whose, string Text);

    [Fact]
    public void Every_sentence_that_binds_the_server_has_a_test() => Assert.Empty(Sentences()
        .Where(sentence => sentence.Whose == "server")
        .Select(sentence => sentence.Number)
        .Except(Tests().Select(test => test.Number)));

    [Fact]
    public void Tests_name_sentences_that_there_are() =>
        Assert.Empty(Tests().Select(test => test.Number).Except(Sentences().Select(sentence => sentence.Number)));

    [Fact]
    public void The_document_is_up_to_date()
    {
        var table = Table();
        if (Environment.GetEnvironmentVariable("XMPPCHAT_WRITE_DOCS") is not null)
            File.WriteAllText(Path.Combine(Repository.Root, Document), table);
        Assert.Equal(table, Repository.Read(Document));
    }

    private string Table()
    {
        var tests = Tests().ToLookup(test => test.Number, test => test.Name);
        var table = new StringBuilder(
            $"""
            # {title}, sentence by sentence

            Every sentence of {scope} with MUST, REQUIRED or SHALL, and the tests that show it to hold. Numbers are section and place in it.
            Made from the tests' `[{attribute}]` attributes and `tests/Xmpp.Server.Tests/Architecture/{_name}.tsv`; a test compares.

            | | Sentence | Shown by |
            |---|---|---|

            """);
        foreach (var (number, whose, text) in Sentences())
        {
            var shown = whose switch
            {
                "client" => "binds clients",
                "later" => "federation, which is not there yet",
                "never" => "what it depends on doesn't arise here",
                _ => string.Join("<br>", tests[number]),
            };
            table.Append($"| {number} | {text} | {shown} |\n");
        }
        return table.ToString();
    }

    private List<Sentence> Sentences() =>
    [
        .. Repository.Read($"tests/Xmpp.Server.Tests/Architecture/{_name}.tsv").Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split('\t'))
            .Select(columns => new Sentence(columns[0], columns[1], columns[2])),
    ];

    /// <summary>Every sentence that an attribute names, with its test.</summary>
    private IEnumerable<(string Number, string Name)> Tests() =>
        from file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
        where !file.Contains("/obj/", StringComparison.Ordinal)
        from Match test in Test().Matches(File.ReadAllText(file))
        where test.Groups["attribute"].Value == attribute
        from Capture number in test.Groups["number"].Captures
        select (number.Value, $"{Path.GetFileNameWithoutExtension(file)}.{test.Groups["name"].Value}");

    [GeneratedRegex(
        """
        \[(?<attribute>Rfc6121|Xep0045)\((?:\s*"(?<number>[^"]+)",?)+\s*\)\].*?
        \bpublic\s+(?:static\s+)?(?:async\s+)?\w+\s+(?<name>\w+)\(
        """,
        RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Test();
}

/// <inheritdoc/>
public sealed class Rfc6121TableTests() : SentenceTable("Rfc6121", "RFC 6121", "sections 2 to 8");

/// <inheritdoc/>
public sealed class Xep0045TableTests() : SentenceTable("Xep0045", "XEP-0045", "the text");
