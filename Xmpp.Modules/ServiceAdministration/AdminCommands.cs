using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>Registers commands for administrators, on the domain and on their own accounts.</summary>
internal readonly struct AdminCommands(IModuleBuilder builder)
{
    /// <param name="name">What stands behind "#" in the node.</param>
    public void Add(string name, string title, CommandHandler execute) => builder.Command(new AdHocCommand(
        $"{AdminForms.Ns}#{name}", title, IqTarget.Server | IqTarget.OwnAccount, CommandAccess.Administrators, execute));
}
