using Xmpp.Core.Extensions;

namespace Xmpp.Core.Modules;

/// <summary>What an entity says of itself (XEP-0030 §3, XEP-0128).</summary>
public sealed record DiscoInfo(
    IReadOnlyList<DiscoIdentity> Identities, IReadOnlyList<string> Features, IReadOnlyList<DataForm> Forms);

/// <summary>What the loaded modules advertise for the entities that the server answers for.</summary>
public interface IDiscoRegistry
{
    /// <summary>The same object until modules are loaded or unloaded.</summary>
    DiscoInfo Describe(IqTarget target);
}
