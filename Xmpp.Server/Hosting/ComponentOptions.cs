using System.Net;
using System.Text;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Hosting;

/// <summary>XEP-0114: programs that serve domains of their own through this server.</summary>
public sealed record ComponentOptions
{
    /// <summary>Where they connect, without TLS; nobody listens while there are none.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 lets the system choose (tests).</summary>
    [Number(0, 65_535)]
    public int Port { get; init; } = 5347;

    public IReadOnlyList<ComponentEntry> List { get; init; } = [];

    /// <summary>Sustained input of one component, bytes per second; 0 is no limit.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int BytesPerSecond { get; init; } = 4 * 1024 * 1024;

    /// <summary>What a component may send at once above <see cref="BytesPerSecond"/>.</summary>
    [Bytes(0, 1024 * 1024 * 1024)]
    public int BurstBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes queued for a component that doesn't read; then it loses its connection.</summary>
    [Bytes(65_536, 1024 * 1024 * 1024)]
    public int OutputBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The one where they connect, or none.</summary>
    internal IEnumerable<ListenerOptions> Listeners => List.Count == 0
        ? []
        : [new() { Address = Address, Port = Port, Tls = ListenerTls.None, Kind = ListenerKind.Components, OutputBytes = OutputBytes }];
}

/// <summary>A component.</summary>
public sealed record ComponentEntry
{
    /// <summary>The domainpart that it serves.</summary>
    public required string Domain { get; init; }

    /// <summary>What it proves to know.</summary>
    [ComponentSecret]
    public required string Secret { get; init; }

    /// <summary>For people who look at what the server offers; or null.</summary>
    public string? Name { get; init; }

    /// <summary>What it may do in the name of accounts (XEP-0356).</summary>
    public ComponentPrivileges Privileges { get; init; } = new();

    /// <summary>What it answers in the place of the server (XEP-0355).</summary>
    public IReadOnlyList<DelegatedNamespace> Delegations { get; init; } = [];

    // What prints the options doesn't print the secret.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Domain = ").Append(Domain).Append(", Secret = …, Name = ").Append(Name);
        return true;
    }
}

/// <summary>A shared secret that is long enough not to be guessed at once.</summary>
internal sealed class ComponentSecretAttribute : ConfigurationRuleAttribute
{
    private const int Shortest = 8;

    public override string Expected => $"a secret of at least {Shortest} characters, best made by \"openssl rand -hex 16\"";

    public override bool IsSecret => true;

    public override object? Read(string text) => text.Length >= Shortest ? text : null;
}
