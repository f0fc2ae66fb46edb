using System.Runtime.CompilerServices;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

/// <summary>Tests that count slabs and allocations of the whole process, so nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TransportCollection
{
    public const string Name = "Transport";

    /// <summary>What the server's entry point does, before the first socket exists.</summary>
    [ModuleInitializer]
    internal static void Tune() => SocketTuning.Apply();
}
