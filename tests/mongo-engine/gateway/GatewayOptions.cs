using System.Security.Cryptography.X509Certificates;

namespace Xmpp.MongoGateway;

/// <summary>What a gateway is to look like.</summary>
public sealed record GatewayOptions
{
    /// <summary>The directory of the engine's Unix socket.</summary>
    public required string Engine { get; init; }

    /// <summary>Where the members listen, on 127.0.0.1; 0 is any free port below 32768.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [0];

    /// <summary>The replica set's name. Null makes a standalone server, which knows neither transactions nor retryable writes.</summary>
    public string? ReplicaSet { get; init; } = "rs0";

    /// <summary>Passwords (ASCII) by user of the database "admin". With none, everybody may do everything.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>Those who authenticate by certificate: its subject as RFC 2253 writes it.</summary>
    public IReadOnlyList<string> CertificateUsers { get; init; } = [];

    /// <summary>Makes it speak TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The CA that has to have issued a client's certificate.</summary>
    public X509Certificate2? ClientAuthority { get; init; }

    /// <summary>Whether a client may do without certificate though there is a <see cref="ClientAuthority"/>.</summary>
    public bool AllowsNoClientCertificate { get; init; }

    /// <summary>How long a replica set is without primary when its primary is lost.</summary>
    public TimeSpan Election { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// Whether clients are told of changes at once, as since MongoDB 4.4. Otherwise they ask every ten seconds and after errors; closing
    /// a client of libmongoc then doesn't take half a second.
    /// </summary>
    public bool TellsChanges { get; init; } = true;

    /// <summary>
    /// How often what has expired (TTL indexes) is removed, from all databases of the engine; 0: never, so that tests whose time
    /// isn't the world's lose nothing. mongod's is 60.
    /// </summary>
    public int TtlSeconds { get; init; }

    public bool RequiresAuthentication => Users.Count + CertificateUsers.Count > 0;
}
