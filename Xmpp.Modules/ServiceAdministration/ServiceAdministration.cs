using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0133 Service Administration: commands for administrators, on the domain and on their own accounts. All use cases of the text;
/// the retracted one needs passwords, which nobody stores. What commands set is set for the host that was asked.
/// </summary>
[Xep(133, "1.3.1")]
public sealed class ServiceAdministration(
    IStore store, IAccountService accounts, IAdministrators administrators, ISessionDirectory sessions, IHostDirectory hosts,
    IStanzaSender stanzas, IServerLifetime lifetime, ServiceAdministrationOptions options, TimeProvider time) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        var commands = new AdminCommands(builder);
        var announcements = new Announcements(sessions, stanzas);
        new AccountCommands(accounts, store.Accounts, store.AccountData).Register(commands);
        new AccountReports(store.Accounts, store.Rosters, sessions, time).Register(commands);
        new AccessLists(store.Settings, hosts).Register(builder);
        new UserLists(store.Accounts, sessions, options).Register(commands);
        announcements.Register(commands);
        new MessageOfTheDay(store, sessions, stanzas).Register(builder);
        new WelcomeMessage(store.Settings, stanzas).Register(builder);
        new AdminList(administrators).Register(commands);
        new ServiceEnd(lifetime, announcements, administrators, hosts, time).Register(commands);
    }
}
