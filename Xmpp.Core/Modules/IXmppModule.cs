namespace Xmpp.Core.Modules;

/// <summary>
/// A feature. Everything it does to the server goes through the builder, which remembers it: so it is advertised
/// without a second list, and undone without a mirror of <see cref="Register"/>.
/// </summary>
public interface IXmppModule
{
    /// <summary>Says what the module handles and advertises: its table of contents. Called once.</summary>
    void Register(IModuleBuilder builder);
}

/// <summary>
/// The XEP that a module, or a type that is no module, implements, and the version of its text that was read.
/// <c>docs/xeps.md</c> is compared with it.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Enum, AllowMultiple = true)]
public sealed class XepAttribute(int number, string version) : Attribute
{
    public int Number { get; } = number;

    public string Version { get; } = version;
}
