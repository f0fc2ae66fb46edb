using Xunit;

namespace Xmpp.Server.Tests.Architecture;

/// <summary>The arrows between the assemblies: Core ← Modules, Storage ← Server.</summary>
public sealed class DependencyTests
{
    private const string Core = "Xmpp.Core";
    private const string Modules = "Xmpp.Modules";
    private const string Storage = "Xmpp.Storage";
    private const string Server = "xmppchat";

    private static readonly string[] Ours = [Core, Modules, Storage, Server];

    [Theory]
    [InlineData(Core, new string[0])]
    [InlineData(Modules, new[] { Core })]
    [InlineData(Storage, new[] { Core })]
    [InlineData(Server, new[] { Core, Modules, Storage })]
    public void An_assembly_uses_only_those_below_it(string assembly, string[] allowed) =>
        Assert.Empty(AssemblyMetadata.Read(assembly).References.Intersect(Ours).Except(allowed));

    [Theory]
    [InlineData(Core)]
    [InlineData(Modules)]
    public void What_speaks_the_protocol_knows_neither_sockets_nor_hosting_nor_packages(string assembly)
    {
        var references = AssemblyMetadata.Read(assembly).References;
        Assert.DoesNotContain(references, name =>
            name is "System.Net.Sockets" or "System.Net.Security" or "System.Net.Http" or "System.IO.Pipes"
            || (!name.StartsWith("System.", StringComparison.Ordinal) && !Ours.Contains(name)));
    }

    [Theory]
    [InlineData(Core)]
    [InlineData(Modules)]
    [InlineData(Storage)]
    [InlineData(Server)]
    public void Time_is_injected(string assembly) => Assert.Empty(AssemblyMetadata.Read(assembly).Members.Intersect(
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow", "System.Threading.Thread.Sleep",
    ]));

    [Theory]
    [InlineData(Core)]
    [InlineData(Modules)]
    public void What_speaks_the_protocol_has_no_clock_of_its_own(string assembly) =>
        Assert.DoesNotContain("System.TimeProvider.get_System", AssemblyMetadata.Read(assembly).Members);
}
