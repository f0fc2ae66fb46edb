namespace Xmpp.Server.Tests;

/// <summary>The files that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "XmppChat.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("XmppChat.sln was not found.");
        return directory;
    }
}
