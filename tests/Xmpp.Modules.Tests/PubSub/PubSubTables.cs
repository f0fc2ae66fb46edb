namespace Xmpp.Modules.Tests.PubSub;

/// <summary>The tables of <c>docs/pubsub.md</c>, which say what the tests try.</summary>
internal static class PubSubTables
{
    /// <summary>The rows below a heading, without those of the table's head; cells without what makes them code.</summary>
    public static IReadOnlyList<string[]> Under(string heading) =>
    [
        .. File.ReadLines(Path.Combine(Root(), "docs", "pubsub.md"))
            .SkipWhile(line => line != $"## {heading}").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith('|')).Skip(2)
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim().Replace("`", "", StringComparison.Ordinal)).ToArray()),
    ];

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "XmppChat.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("XmppChat.sln was not found.");
        return directory;
    }
}
