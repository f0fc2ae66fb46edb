namespace Xmpp.Core.Modules;

/// <summary>The virtual hosts that this server answers for now.</summary>
public interface IHostDirectory
{
    /// <summary>Domainparts, the default one first.</summary>
    IReadOnlyList<string> Hosts { get; }

    /// <summary>Whether the address is at one of them.</summary>
    bool IsLocal(Jid jid);
}
