using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Xmpp.Server.Tests.Architecture;

/// <summary>What a compiled assembly uses of others, read from its metadata.</summary>
internal sealed class AssemblyMetadata
{
    private AssemblyMetadata(string name, IReadOnlySet<string> references, IReadOnlySet<string> members) =>
        (Name, References, Members) = (name, references, members);

    public string Name { get; }

    /// <summary>The assemblies it refers to.</summary>
    public IReadOnlySet<string> References { get; }

    /// <summary>The members of other assemblies' types that it uses: "System.DateTime.get_UtcNow".</summary>
    public IReadOnlySet<string> Members { get; }

    public static AssemblyMetadata Read(string assembly)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        var metadata = file.GetMetadataReader();
        var references = metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name));
        var members = metadata.MemberReferences
            .Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => (Type: metadata.GetTypeReference((TypeReferenceHandle)member.Parent), member.Name))
            .Select(used => $"{metadata.GetString(used.Type.Namespace)}.{metadata.GetString(used.Type.Name)}.{metadata.GetString(used.Name)}");
        return new(assembly, references.ToHashSet(), members.ToHashSet());
    }
}
