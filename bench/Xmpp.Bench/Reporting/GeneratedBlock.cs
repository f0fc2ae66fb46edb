using Xmpp.Bench.Client;

namespace Xmpp.Bench.Reporting;

/// <summary>The part of a Markdown file that the bench writes, between two marker lines.</summary>
internal static class GeneratedBlock
{
    private const string Begin = "<!-- bench/compare.sh writes from here -->";
    private const string End = "<!-- to here -->";

    public static void Replace(string file, string content)
    {
        var text = File.ReadAllText(file);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = begin < 0 ? -1 : text.IndexOf(End, begin, StringComparison.Ordinal);
        if (end < 0)
            throw new BenchException($"{file} has no lines \"{Begin}\" and \"{End}\"");
        File.WriteAllText(file, $"{text[..(begin + Begin.Length)]}\n{content.TrimEnd()}\n{text[end..]}");
    }
}
