using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Xmpp.Server.Tests.Architecture;

/// <summary>
/// <c>docs/rfc6121.md</c> says which test shows each MUST of RFC 6121, and is what the tests' attributes say. To make it anew:
/// <c>XMPPCHAT_WRITE_DOCS=1</c> in the environment of this test.
/// </summary>
public sealed partial class Rfc6121TableTests
{
    private const string Document = "docs/rfc6121.md";

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

    private static string Table()
    {
        var tests = Tests().ToLookup(test => test.Number, test => test.Name);
        var table = new StringBuilder(
            """
            # RFC 6121, sentence by sentence

            Every sentence of sections 2 to 8 with MUST, REQUIRED or SHALL, and the tests that show it to hold. Numbers are section and
            place in it. Made from the tests' `[Rfc6121]` attributes and `tests/Xmpp.Server.Tests/Architecture/rfc6121.tsv`; a test compares.

            | | Sentence | Shown by |
            |---|---|---|

            """);
        foreach (var (number, whose, text) in Sentences())
        {
            var shown = whose switch
            {
                "client" => "binds clients",
                "later" => "federation, which is not there yet",
                _ => string.Join("<br>", tests[number]),
            };
            table.Append($"| {number} | {text} | {shown} |\n");
        }
        return table.ToString();
    }

    private static List<Sentence> Sentences() =>
    [
        .. Repository.Read("tests/Xmpp.Server.Tests/Architecture/rfc6121.tsv").Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split('\t'))
            .Select(columns => new Sentence(columns[0], columns[1], columns[2])),
    ];

    /// <summary>Every sentence that an attribute names, with its test.</summary>
    private static IEnumerable<(string Number, string Name)> Tests() =>
        from file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
        where !file.Contains("/obj/", StringComparison.Ordinal)
        from Match test in Test().Matches(File.ReadAllText(file))
        from Capture number in test.Groups["number"].Captures
        select (number.Value, $"{Path.GetFileNameWithoutExtension(file)}.{test.Groups["name"].Value}");

    [GeneratedRegex(
        """\[Rfc6121\((?:\s*"(?<number>[^"]+)",?)+\s*\)\].*?\bpublic\s+(?:static\s+)?(?:async\s+)?\w+\s+(?<name>\w+)\(""",
        RegexOptions.Singleline)]
    private static partial Regex Test();
}
