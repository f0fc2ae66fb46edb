using Xmpp.Modules.Portability;

namespace Xmpp.Modules.Tests.Portability;

/// <summary>Documents of XEP-0227 in a directory of their own, and what reading them gives.</summary>
internal sealed class PortableFiles : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("xmppchat-").FullName;

    public string PathOf(string name) => Path.Combine(_directory, name);

    public string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllText(PathOf(name), content);
        return PathOf(name);
    }

    /// <summary>Reads a document with one host.</summary>
    public Contents Read(string hostContent) => ReadFile(Write("main.xml",
        $"<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='urn:xmpp:pie:0'><host jid='capulet.com'>{hostContent}</host></server-data>"));

    public static Contents ReadFile(string path)
    {
        var leftOut = new LeftOut();
        var parts = new PortableReader(path, leftOut).Read().ToList();
        return new(
            [.. parts.OfType<PortableUserStart>()], [.. parts.OfType<PortableMessage>()], [.. parts.OfType<PortableArchived>()],
            [.. parts.OfType<PortableUser>()],
            leftOut.Counts)
        {
            Nodes = [.. parts.OfType<PortableNode>().Select(part => part.Node)],
            Items = [.. parts.OfType<PortableItem>()],
        };
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public sealed record Contents(
        IReadOnlyList<PortableUserStart> Starts, IReadOnlyList<PortableMessage> Messages,
        IReadOnlyList<PortableArchived> Archived, IReadOnlyList<PortableUser> Users,
        IReadOnlyDictionary<string, long> LeftOut)
    {
        public IReadOnlyList<Core.Storage.StoredNode> Nodes { get; init; } = [];

        public IReadOnlyList<PortableItem> Items { get; init; } = [];
    }
}
