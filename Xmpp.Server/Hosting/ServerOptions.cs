using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Xmpp.Core.Modules;
using Xmpp.Modules;
using Xmpp.Modules.Archive;
using Xmpp.Modules.BitsOfBinary;
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
using Xmpp.Server.Web;

namespace Xmpp.Server.Hosting;

/// <summary>How the bytes of a listener are protected.</summary>
[Xep(368, "1.1.0")]
public enum ListenerTls
{
    /// <summary>Clear text; <c>&lt;starttls/&gt;</c> offered and required.</summary>
    StartTls,

    /// <summary>TLS from the first byte (XEP-0368).</summary>
    Direct,

    /// <summary>No TLS at all: only for a loopback address (tests, a proxy on the same machine), warned about at start.</summary>
    None,
}

/// <summary>Who connects to a listener.</summary>
internal enum ListenerKind
{
    Clients,
    Components,
    Servers,
}

/// <summary>What happens when a client asks for a resource that a session already has (RFC 6120 §7.7.2.2).</summary>
public enum ResourceConflict
{
    /// <summary>The older session ends with a <c>conflict</c> stream error: a client that lost its connection comes back.</summary>
    Replace,

    /// <summary>The newcomer gets another resource.</summary>
    Rename,

    /// <summary>The newcomer is refused.</summary>
    Refuse,
}

/// <summary>
/// The configuration file, <c>config/xmppchat.json</c>, as records. Every key is documented there; the file's values are the
/// defaults here. Numbers, sizes, durations and words carry a rule that says which are acceptable.
/// </summary>
public sealed record ServerOptions
{
    /// <summary>Where relative paths start; itself relative to the configuration file.</summary>
    public string Directory { get; init; } = "..";

    /// <summary>The virtual hosts, domainparts. The first is the default certificate's.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = ["localhost"];

    /// <summary>Bare JIDs of those who may administer all hosts by commands from their clients (XEP-0133).</summary>
    public IReadOnlyList<string> Administrators { get; init; } = [];

    public IReadOnlyList<ListenerOptions> Listeners { get; init; } =
        [new() { Port = 5222, Tls = ListenerTls.StartTls }, new() { Port = 5223, Tls = ListenerTls.Direct }];

    public S2sOptions S2s { get; init; } = new();

    public ComponentOptions Components { get; init; } = new();

    public HttpOptions Http { get; init; } = new();

    public TlsOptions Tls { get; init; } = new();

    public AuthenticationOptions Authentication { get; init; } = new();

    public ClientOptions Clients { get; init; } = new();

    public LimitOptions Limits { get; init; } = new();

    public ResourceConflict ResourceConflict { get; init; }

    public StreamManagementOptions StreamManagement { get; init; } = new();

    public ClientStateOptions ClientState { get; init; } = new();

    /// <summary>"sqlite" or "mongodb": which of the following two sections counts.</summary>
    [NeedsRestart]
    [OneOf("sqlite", "mongodb")]
    public string Store { get; init; } = "sqlite";

    [NeedsRestart]
    public SqliteOptions Sqlite { get; init; } = new();

    [NeedsRestart]
    public MongodbOptions Mongodb { get; init; } = new();

    [NeedsRestart]
    public ControlOptions Control { get; init; } = new();

    public LogOptions Log { get; init; } = new();

    /// <summary>How long a graceful shutdown may take before connections are dropped.</summary>
    [Duration("0s", "10m")]
    public TimeSpan ShutdownDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public ModuleOptions Modules { get; init; } = new();

    /// <summary>Domains that have archives, and what these may hold unless something else was set.</summary>
    public IEnumerable<(string Domain, ArchiveLimits Limits)> ArchivedDomains()
    {
        if (Modules.ArchiveIfKept() is not { } archive)
            yield break;
        foreach (var host in Hosts)
        {
            yield return (host, archive.Limits());
            if (!Modules.Disabled.Contains("rooms"))
                yield return (Modules.Rooms.DomainOf(host), Modules.Rooms.ArchiveLimits());
        }
    }
}

public sealed record ListenerOptions
{
    /// <summary>"::" listens on every address of IPv6 and IPv4.</summary>
    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>0 lets the system choose (tests).</summary>
    [Number(0, 65_535)]
    public required int Port { get; init; }

    public ListenerTls Tls { get; init; } = ListenerTls.StartTls;

    /// <summary>Expect a PROXY protocol v2 header from these addresses; empty: the listener is not behind a proxy.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Who connects there.</summary>
    internal ListenerKind Kind { get; init; }

    /// <summary>Bytes queued for a peer that doesn't read; null: as <see cref="LimitOptions.OutputBytes"/> says.</summary>
    internal int? OutputBytes { get; init; }
}

public sealed record TlsOptions
{
    /// <summary>"auto" (OpenSSL where libssl.so.3 is found, else SslStream), "openssl" or "sslstream".</summary>
    [OneOf("auto", "openssl", "sslstream")]
    public string Engine { get; init; } = "auto";

    /// <summary>"1.2" or "1.3".</summary>
    [OneOf("1.2", "1.3")]
    public string MinimumVersion { get; init; } = "1.2";

    /// <summary>Directory with <c>HOST.crt</c> (chain, PEM) and <c>HOST.key</c> for each virtual host.</summary>
    public string Certificates { get; init; } = "certs";

    /// <summary>Make a development CA and certificate for a host that has none.</summary>
    public bool GenerateMissing { get; init; } = true;

    /// <summary>PEM file of CAs whose client certificates SASL EXTERNAL accepts; null: EXTERNAL is not offered.</summary>
    public string? ClientCertificateAuthorities { get; init; }
}

public sealed record AuthenticationOptions
{
    /// <summary>In order of preference. Names of SASL mechanisms.</summary>
    [OneOf(
        "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "EXTERNAL",
        "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS")]
    public IReadOnlyList<string> Mechanisms { get; init; } =
    [
        "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS",
        "EXTERNAL", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",
    ];

    /// <summary>PBKDF2 iterations for new passwords; RFC 5802 §5.1 asks for at least 4,096.</summary>
    [Number(4096, 10_000_000)]
    public int ScramIterations { get; init; } = 10_000;

    /// <summary>Failed attempts for one account within <see cref="FailureWindow"/> before further ones are refused.</summary>
    [Number(1, 1_000_000)]
    public int MaxFailures { get; init; } = 10;

    /// <summary>The same for one address (for IPv6: one /64).</summary>
    [Number(1, 1_000_000)]
    public int MaxFailuresPerAddress { get; init; } = 30;

    [Duration("1s", "1d")]
    public TimeSpan FailureWindow { get; init; } = TimeSpan.FromMinutes(5);
}

public sealed record LimitOptions
{
    /// <summary>One stanza, from "&lt;" to "&gt;" (RFC 6120 §13.12 asks for at least 10,000).</summary>
    [Bytes(10_000, 64 * 1024 * 1024)]
    public int StanzaBytes { get; init; } = 262_144;

    /// <summary>One stanza before authentication.</summary>
    [Bytes(10_000, 64 * 1024 * 1024)]
    public int UnauthenticatedStanzaBytes { get; init; } = 16_384;

    /// <summary>Elements within elements, the stanza itself counted.</summary>
    [Number(8, 1024)]
    public int Depth { get; init; } = 128;

    /// <summary>Attributes of one element, namespace declarations counted.</summary>
    [Number(8, 1024)]
    public int Attributes { get; init; } = 64;

    [Number(1, 10_000_000)]
    public int Connections { get; init; } = 100_000;

    [Number(1, 10_000_000)]
    public int ConnectionsPerAddress { get; init; } = 5_000;

    [Number(1, 10_000_000)]
    public int ConnectionAttemptsPerMinutePerAddress { get; init; } = 20_000;

    [Number(1, 10_000)]
    public int SessionsPerAccount { get; init; } = 20;

    /// <summary>From accept to the bound resource.</summary>
    [Duration("1s", "1h")]
    public TimeSpan NegotiationTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A session silent for this long is pinged (XEP-0199)…</summary>
    [Duration("10s", "1d")]
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>… and dropped when it then stays silent for this long.</summary>
    [Duration("5s", "1h")]
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Bytes queued for a peer that doesn't read.</summary>
    [Bytes(65_536, 1024 * 1024 * 1024)]
    public int OutputBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Sustained input of one session, bytes per second; 0 is no limit.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int SessionBytesPerSecond { get; init; } = 262_144;

    /// <summary>What a session may send at once above <see cref="SessionBytesPerSecond"/>.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int SessionBurstBytes { get; init; } = 1_048_576;
}

/// <summary>XEP-0198.</summary>
public sealed record StreamManagementOptions
{
    /// <summary>How long a session waits for a client that has lost its connection; 0: streams can't be resumed.</summary>
    [Duration("0s", "7d")]
    public TimeSpan ResumeTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Stanzas that a client may leave unacknowledged before its session ends.</summary>
    [Number(100, 1_000_000)]
    public int QueueStanzas { get; init; } = 5_000;

    /// <summary>The same in bytes.</summary>
    [Bytes(65_536, 1024 * 1024 * 1024)]
    public int QueueBytes { get; init; } = 4 * 1024 * 1024;

    [NeedsRestart]
    public JournalOptions Journal { get; init; } = new();
}

/// <summary>Where sessions are written down that can be resumed, so that they survive a restart, and the death of the process.</summary>
public sealed record JournalOptions
{
    /// <summary>The file; null: sessions end with the process.</summary>
    public string? File { get; init; } = "data/sessions.journal";

    /// <summary>How large it may grow. Sessions for which there is no room end with the process.</summary>
    [Bytes(16 * 1024 * 1024, 1024 * 1024 * 1024)]
    public int Bytes { get; init; } = 256 * 1024 * 1024;
}

/// <summary>XEP-0352: what is held for clients that say that nobody looks at them.</summary>
public sealed record ClientStateOptions
{
    public const string Presence = "presence";
    public const string ChatStates = "chatStates";
    public const string Headlines = "headlines";

    /// <summary>Kinds of stanzas; none: clients are not told that they can say so.</summary>
    [OneOf(Presence, ChatStates, Headlines)]
    public IReadOnlyList<string> Hold { get; init; } = [Presence, ChatStates, Headlines];

    /// <summary>Stanzas held for one client; when there are more, all are sent.</summary>
    [Number(1, 100_000)]
    public int HeldStanzas { get; init; } = 1_000;

    /// <summary>The same in bytes.</summary>
    [Bytes(1024, 64 * 1024 * 1024)]
    public int HeldBytes { get; init; } = 256 * 1024;

    internal bool Holds(string kind) => Hold.Contains(kind);
}

public sealed record SqliteOptions
{
    /// <summary>The database; made when it is missing.</summary>
    public string File { get; init; } = "data/xmppchat.db";
}

/// <summary>A database of a MongoDB server or replica set.</summary>
public sealed record MongodbOptions
{
    /// <summary>A connection string, with its password: a secret.</summary>
    [MongodbUri]
    public string? Uri { get; init; }

    /// <summary>The database; null: the one that the connection string names, else "xmppchat".</summary>
    public string? Database { get; init; }

    /// <summary>Operations that run at the same time, each with a connection of its own.</summary>
    [Number(1, 256)]
    public int Threads { get; init; } = 16;

    // What prints the options doesn't print the secret.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Uri = ").Append(Uri is null ? "" : "…").Append(", Database = ").Append(Database)
            .Append(", Threads = ").Append(Threads);
        return true;
    }
}

public sealed record ControlOptions
{
    /// <summary>The Unix socket of <c>xmppctl</c>; whoever may open it may do everything.</summary>
    public string Socket { get; init; } = "data/xmppctl.sock";
}

public sealed record LogOptions
{
    /// <summary>The least severe events to log.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;
}

/// <summary>One record for each module that has options.</summary>
public sealed record ModuleOptions
{
    /// <summary>Modules not to load, by name.</summary>
    public IReadOnlyList<string> Disabled { get; init; } = [];

    public AdHocCommandOptions AdHocCommands { get; init; } = new();

    public ServiceAdministrationOptions ServiceAdministration { get; init; } = new();

    public BlockingCommandOptions BlockingCommand { get; init; } = new();

    public StrangerOptions Strangers { get; init; } = new();

    public ArchiveOptions Archive { get; init; } = new();

    public OfflineMessageOptions OfflineMessages { get; init; } = new();

    public RosterOptions Roster { get; init; } = new();

    public ContactAddressOptions ContactAddresses { get; init; } = new();

    public RegistrationOptions Registration { get; init; } = new();

    public InvitationOptions Invitations { get; init; } = new();

    public VCardOptions VCard { get; init; } = new();

    public PrivateXmlOptions PrivateXml { get; init; } = new();

    public PushOptions Push { get; init; } = new();

    public RoomOptions Rooms { get; init; } = new();

    public UploadOptions Uploads { get; init; } = new();

    public HostMetaOptions HostMeta { get; init; } = new();

    public PubSubOptions PubSub { get; init; } = new();

    public SpeechOptions SpeechToText { get; init; } = new();

    public WebChatOptions WebChat { get; init; } = new();

    public BytestreamOptions Bytestreams { get; init; } = new();

    public ExternalServiceOptions ExternalServices { get; init; } = new();

    public BitsOfBinaryOptions BitsOfBinary { get; init; } = new();

    public UserSearchOptions UserSearch { get; init; } = new();

    /// <summary>What services of the loaded modules have before a host in their domains, by the keys that say so.</summary>
    internal IEnumerable<(string Key, string Label)> ServiceLabels()
    {
        if (!Disabled.Contains("rooms"))
            yield return ("modules.rooms.label", Rooms.Label);
        if (!Disabled.Contains("uploads"))
            yield return ("modules.uploads.label", Uploads.Label);
        if (!Disabled.Contains("pubSub"))
            yield return ("modules.pubSub.label", PubSub.Label);
        if (BytestreamsIfAny() is { } bytestreams)
            yield return ("modules.bytestreams.label", bytestreams.Label);
        if (UserSearch.Access != SearchAccess.Nobody && !Disabled.Contains("userSearch"))
            yield return ("modules.userSearch.label", UserSearch.Label);
    }

    /// <summary>What holds for strangers: they may everything where nobody looks after them.</summary>
    public StrangerOptions StrangersIfAny() =>
        Disabled.Contains("strangers") ? new() { Access = StrangerAccess.Allow } : Strangers;

    /// <summary>Null when there is no proxy for bytestreams.</summary>
    public BytestreamOptions? BytestreamsIfAny() => Bytestreams.Enabled && !Disabled.Contains("bytestreams") ? Bytestreams : null;

    /// <summary>Null when there are no archives.</summary>
    public ArchiveOptions? ArchiveIfKept() => Disabled.Contains("archive") ? null : Archive;

    /// <summary>What stands before a host in the domain of its rooms; null when there are none.</summary>
    public string? RoomsLabel() => Disabled.Contains("rooms") ? null : Rooms.Label;

    /// <summary>Whether everybody can make an account.</summary>
    public bool IsRegistrationOpen() => Registration.Access is RegistrationAccess.Open && !Disabled.Contains("registration");

    /// <summary>Whether all views of bookmarks show the same.</summary>
    public bool HasBookmarks() => !Disabled.Contains("bookmarks");

    /// <summary>Whether pictures that clients publish are in vCards, too.</summary>
    public bool HasAvatars() => !Disabled.Contains("avatars");

    /// <summary>Whether an account can be made by invitation.</summary>
    public bool InvitedMayRegister() => Registration.Access is not RegistrationAccess.Closed && !Disabled.Contains("registration");
}
