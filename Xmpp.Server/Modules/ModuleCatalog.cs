using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Modules;
using Xmpp.Modules.Archive;
using Xmpp.Modules.Avatars;
using Xmpp.Modules.BitsOfBinary;
using Xmpp.Modules.Bookmarks;
using Xmpp.Modules.Clients;
using Xmpp.Modules.ExternalServices;
using Xmpp.Modules.Invitations;
using Xmpp.Modules.PubSub;
using Xmpp.Modules.Push;
using Xmpp.Modules.Registration;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Rosters;
using Xmpp.Modules.Speech;
using Xmpp.Modules.Strangers;
using Xmpp.Modules.Uploads;
using Xmpp.Modules.UserSearch;
using Xmpp.Server.Bytestreams;
using Xmpp.Server.Components;
using Xmpp.Server.Hosting;
using Xmpp.Server.Speech;
using Xmpp.Server.Web;

namespace Xmpp.Server.Modules;

/// <summary>What modules may ask of the server.</summary>
internal sealed record ModuleServices(
    ISessionDirectory Sessions, IDiscoRegistry Disco, ICommandRegistry Commands, IHostDirectory Hosts, IAdministrators Administrators,
    IAccountService Accounts, IStanzaSender Stanzas, IGuards Guards, IServerQueries Queries, IServerTasks Tasks,
    IServerLifetime Lifetime, RosterDirectory Rosters, Presences Presences, Subscriptions Subscriptions,
    ClientCapabilities Capabilities, RemoteCapabilities RemoteCapabilities, ClientDirectory Clients, RoomDirectory Rooms,
    PubSubContext PubSub, UploadDirectory Uploads, BytestreamProxy Bytestreams, PublishedBans PublishedBans,
    ComponentDirectory Components, PrivilegedComponents Privileged, IRemoteDomains Remote, WebServer Web, IStore Store, TimeProvider Time,
    DateTimeOffset Started)
{
    public BlockLists BlockLists { get; } = new(Sessions, Store.BlockLists);

    public ISpeechEngine Speech { get; } = new SpeechClient(Time);

    public ArchivePreferenceBook ArchivePreferences { get; } = new(Sessions, Store.AccountData, Rosters);

    /// <summary>Of messages in archives.</summary>
    public SortableIds MessageIds { get; } = new(Time);

    /// <summary>Whether an address is this server's: a host's, a service's below it, or a component's.</summary>
    public bool IsOwn(Jid address)
    {
        if (Hosts.IsLocal(address) || Components.IsKnown(address.Domain))
            return true;
        var domain = address.Domain.AsSpan();
        // By index: an enumerator would be garbage for each stanza.
        var hosts = Hosts.Hosts;
        for (var i = 0; i < hosts.Count; i++)
        {
            var host = hosts[i];
            if (domain.Length > host.Length && domain.EndsWith(host, StringComparison.Ordinal) && domain[^(host.Length + 1)] == '.')
                return true;
        }
        return false;
    }

    public AvatarBook Avatars { get; } = new(PubSub, Store.AccountData);

    public BookmarkBook Bookmarks(ModuleOptions options) => new(PubSub, Store.AccountData, () => options.PrivateXml);

    public OfflineDelivery OfflineDelivery { get; } = new(Sessions, Store.Offline, Queries, Guards, Tasks);
}

/// <summary>A module that can be loaded.</summary>
/// <param name="Name">As the configuration names it.</param>
/// <param name="Options">The options that a change of makes it load anew; null when it has none.</param>
internal sealed record ModuleEntry(
    string Name, Func<ModuleServices, ModuleOptions, IXmppModule> Create, Func<ModuleOptions, object>? Options = null);

/// <summary>Every module there is, one line each, in the order in which they handle messages and show features.</summary>
internal static class ModuleCatalog
{
    public static IReadOnlyList<ModuleEntry> All { get; } =
    [
        new("serviceDiscovery", (services, _) => new ServiceDiscovery(services.Disco, services.Sessions, services.Presences)),
        new("entityCapabilities", (services, _) => new EntityCapabilities(services.Disco)),
        new("sessionEstablishment", (_, _) => new SessionEstablishment()),
        new("streamLimits", (_, _) => new StreamLimits()),
        new("componentRights", (services, _) => new ComponentRights(services.Privileged)),
        new("roster", (services, _) => new RosterManagement(services.Rosters, services.Subscriptions)),
        new("presence", (services, _) => new PresenceExchange(
            services.Presences, services.Subscriptions, services.Capabilities, services.RemoteCapabilities, services.Hosts,
            services.Remote)),
        new("blockingCommand",
            (services, options) => new BlockingCommand(
                options.BlockingCommand, services.BlockLists, services.Presences,
                new SpamReports(
                    options.BlockingCommand, options.ContactAddresses, services.Administrators, services.Stanzas,
                    [new RoomReports(services.Rooms), new ReportsElsewhere(services.Remote, services.IsOwn, services.Tasks)],
                    services.Tasks, services.Time),
                services.Sessions),
            options => new object[] { options.BlockingCommand, options.ContactAddresses }),
        new("strangers",
            (services, options) => new StrangerFilter(
                options.Strangers, services.Rosters, services.Sessions, services.PublishedBans, services.IsOwn, services.Time),
            options => options.Strangers),
        new("stanzaIds", (_, _) => new StanzaIds()),
        new("archive",
            (services, options) => new MessageArchive(
                options.Archive, services.Store.Archive, services.ArchivePreferences, services.MessageIds, services.Time),
            options => options.Archive),
        new("archivePreferences",
            (services, options) => new ArchivePreferenceManagement(options.Archive, services.ArchivePreferences),
            options => options.Archive),
        new("retractions",
            (services, options) => new Retractions(options.Archive, services.Store.Archive, services.Time),
            options => options.Archive),
        new("inbox",
            (services, options) => new Inbox(
                options.Archive, services.Store.Archive, new RoomConversations(services.Rooms, services.Store.Archive)),
            options => options.Archive),
        new("displayedSync", (services, _) => new DisplayedSync(
            services.Store.Archive, new RoomConversations(services.Rooms, services.Store.Archive))),
        new("messageCarbons", (services, _) => new MessageCarbons(services.Sessions)),
        new("offlineMessages",
            (services, options) => new OfflineMessages(
                options.OfflineMessages, services.OfflineDelivery, services.Store.Offline, services.Time),
            options => options.OfflineMessages),
        new("push",
            (services, options) => new PushNotifications(
                services.Store.AccountData, services.Store.PubSub, services.Sessions, services.Capabilities, services.Remote,
                services.Tasks, services.Time, options.Push),
            options => options.Push),
        new("ping", (_, _) => new Ping()),
        new("softwareVersion", (_, _) => new SoftwareVersion()),
        new("entityTime", (services, _) => new EntityTime(services.Time)),
        new("adHocCommands", (services, options) => new AdHocCommands(
            services.Commands, services.Administrators, services.Hosts, options.AdHocCommands, services.Time),
            options => options.AdHocCommands),
        new("registration",
            (services, options) => new InBandRegistration(
                services.Accounts,
                new Registrar(
                    services.Accounts, services.Store.Accounts, services.Store.Invitations, services.Administrators,
                    services.Subscriptions, options.Registration, services.Time),
                options.Registration),
            options => options.Registration),
        new("invitations",
            (services, options) => new InvitationCommands(
                new InvitationBook(services.Store.Invitations, services.Store.Accounts, services.Time), services.Store.Invitations,
                services.Subscriptions, options.Invitations, options.InvitedMayRegister(), services.Time),
            options => new object[] { options.Invitations, options.InvitedMayRegister() }),
        new("clientAccessManagement", (services, _) => new ClientAccessManagement(services.Clients)),
        new("lastActivity", (services, _) => new LastActivity(
            services.Sessions, services.Presences, services.Store.LastSeen, services.Started, services.Time)),
        new("vCard", (services, options) => new VCardTemp(
                services.Store.AccountData, options.VCard, options.HasAvatars() ? services.Avatars : null),
            options => new object[] { options.VCard, options.HasAvatars() }),
        new("privateXml",
            (services, options) => new PrivateXml(
                services.Store.AccountData, options.PrivateXml, options.HasBookmarks() ? services.Bookmarks(options) : null),
            options => new object[] { options.PrivateXml, options.HasBookmarks() }),
        new("serviceAdministration", (services, options) => new ServiceAdministration(
            services.Store, services.Accounts, services.Administrators, services.Sessions, services.Hosts, services.Stanzas,
            services.Lifetime, options.ServiceAdministration, services.Time),
            options => options.ServiceAdministration),
        new("rooms",
            (services, options) => new MultiUserChat(
                services.Rooms, new RoomAdministration(services.Rooms, services.Store.Archive), options.Rooms),
            options => new object[] { options.Rooms.Label, options.Rooms.Name }),
        new("pubSub",
            (services, options) => new PublishSubscribe(services.PubSub, options.PubSub),
            options => new object[] { options.PubSub.Label, options.PubSub.Name }),
        new("personalEventing",
            (services, options) => new PersonalEventing(
                services.PubSub, options.HasBookmarks() ? services.Bookmarks(options) : null),
            options => new object[] { options.PrivateXml, options.HasBookmarks() }),
        new("bookmarks",
            (services, options) => new Bookmarks(services.PubSub, services.Bookmarks(options)), options => options.PrivateXml),
        new("avatars", (services, _) => new Avatars(services.Avatars, services.PubSub, services.Presences)),
        new("userSearch",
            (services, options) => new UserSearch(
                services.Store.Accounts, services.Store.AccountData, services.Hosts, options.UserSearch, services.Time),
            options => options.UserSearch),
        new("components", (services, _) => new ComponentItems(services.Components, services.Hosts)),
        new("uploads",
            (services, options) => new HttpFileUpload(services.Uploads, services.Web, options.Uploads), options => options.Uploads),
        new("bitsOfBinary",
            (services, options) => new BinaryDataCache(services.Presences, options.BitsOfBinary, services.Time),
            options => options.BitsOfBinary),
        new("bytestreams",
            (services, options) => new BytestreamService(services.Bytestreams, options.Bytestreams), options => options.Bytestreams),
        new("externalServices",
            (services, options) => new ExternalServiceDiscovery(options.ExternalServices, services.Hosts, services.Time),
            options => options.ExternalServices),
        new("speechToText",
            (services, options) => new SpeechToText(
                services.Uploads, services.Web, services.Speech, services.Sessions, services.Store.AccountData, services.Store.Archive,
                services.Stanzas, services.Tasks, options.SpeechToText, options.Archive, services.Time),
            options => new object[] { options.SpeechToText, options.Archive.LookBack }),
        new("hostMeta", (services, options) => new HostMeta(services.Web, options.HostMeta), options => options.HostMeta),
        new("webChat",
            (services, options) => new WebChat(options.WebChat, options.RoomsLabel(), options.IsRegistrationOpen()),
            options => new object[] { options.WebChat, options.RoomsLabel() ?? "", options.IsRegistrationOpen() }),
        new("contactAddresses", (_, options) => new ContactAddresses(options.ContactAddresses), options => options.ContactAddresses),
    ];
}
