namespace Xmpp.MongoGateway.Authentication;

/// <summary>What one connection has said about its client.</summary>
/// <param name="subject">The subject of its certificate, or null.</param>
internal sealed class Client(string? subject)
{
    private static int _connections;

    /// <summary>The connection's number.</summary>
    public int Id { get; } = Interlocked.Increment(ref _connections);

    public string? CertificateSubject => subject;

    /// <summary>What the connection string calls the application (appName).</summary>
    public string Application { get; set; } = "";

    /// <summary>Who has authenticated, or null.</summary>
    public string? User { get; set; }

    /// <summary>The SCRAM exchange in progress, if there is one.</summary>
    public ScramExchange? Exchange { get; set; }
}
