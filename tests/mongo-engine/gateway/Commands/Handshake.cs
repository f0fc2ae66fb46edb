using System.Text;
using Xmpp.MongoGateway.Authentication;
using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>What a connection begins with: who the server is, and who the client is.</summary>
internal sealed class Handshake(GatewayOptions options, ReplicaSet set, Member self, IReadOnlyList<Member> members)
{
    // MongoDB 7.0.
    private const string Version = "7.0.0";
    private const int MaxWireVersion = 21;
    private const int MaxDocument = 16 * 1024 * 1024;
    private const int MaxBatch = 25_000;

    private const string Scram = "SCRAM-SHA-256";
    private const string X509 = "MONGODB-X509";

    /// <summary>hello and its older names. A client that says which topology it knows is answered when that has changed.</summary>
    public async Task<BsonDocument> HelloAsync(Request request, Client client, CancellationToken closed)
    {
        if (request.Body["client"]?.Document["application"]?.Document["name"] is { } application)
            client.Application = application.Text;
        var topology = set.Current;
        if (request.Body["maxAwaitTimeMS"] is { } patience && IsKnown(request.Body["topologyVersion"], topology))
        {
            await Task.WhenAny(topology.Changed, Task.Delay(TimeSpan.FromMilliseconds(patience.Number), closed));
            closed.ThrowIfCancellationRequested();
            topology = set.Current;
        }
        var isPrimary = topology.Primary == self.Number;
        var reply = new BsonBuilder()
            .Add("helloOk", true)
            .Add("ismaster", isPrimary)
            .Add("isWritablePrimary", isPrimary);
        if (options.TellsChanges)
            reply.Add("topologyVersion", set.VersionOf(topology));
        if (options.ReplicaSet is { } name)
            AddReplicaSet(reply, name, topology);
        reply
            .Add("maxBsonObjectSize", MaxDocument).Add("maxMessageSizeBytes", Frames.MaxMessage).Add("maxWriteBatchSize", MaxBatch)
            .Add("localTime", DateTimeOffset.UtcNow).Add("logicalSessionTimeoutMinutes", 30).Add("connectionId", client.Id)
            .Add("minWireVersion", 0).Add("maxWireVersion", MaxWireVersion).Add("readOnly", false);
        AddAuthentication(reply, request, client);
        return reply.ToReply();
    }

    public static BsonDocument BuildInfo() => new BsonBuilder()
        .Add("version", Version)
        .AddArray("versionArray", [7, 0, 0, 0], (array, index, item) => array.Add(index, item))
        .AddArray("modules", ["documentdb"])
        .Add("bits", 64)
        .Add("maxBsonObjectSize", MaxDocument)
        .ToReply();

    /// <summary>saslStart.</summary>
    public BsonDocument Start(BsonDocument request, Client client)
    {
        var mechanism = request["mechanism"]?.Text;
        if (mechanism != Scram || options.Users.Count == 0)
            throw new MongoException(MongoError.MechanismUnavailable, $"Unsupported SASL mechanism '{mechanism}'.");
        client.Exchange = new ScramExchange(PayloadOf(request), options.Users);
        return Step(client.Exchange.ServerFirst, isDone: false).ToReply();
    }

    /// <summary>saslContinue.</summary>
    public static BsonDocument Continue(BsonDocument request, Client client)
    {
        var exchange = client.Exchange ?? throw Refusal();
        if (!exchange.HasSucceeded)
        {
            var last = exchange.Finish(PayloadOf(request)) ?? throw Refusal();
            return Step(last, isDone: false).ToReply();
        }
        (client.User, client.Exchange) = (exchange.User, null);
        return Step("", isDone: true).ToReply();
    }

    /// <summary>authenticate: by the certificate of the connection.</summary>
    public BsonDocument Authenticate(BsonDocument request, Client client) => AuthenticateByCertificate(request, client).ToReply();

    private static bool IsKnown(BsonElement? version, Topology topology) =>
        version is { } known && known.Document["counter"]?.Number == topology.Version;

    private void AddReplicaSet(BsonBuilder reply, string name, Topology topology)
    {
        reply
            .Add("setName", name).Add("setVersion", 1).Add("secondary", topology.Primary != self.Number)
            .AddArray("hosts", members.Select(member => member.Address))
            .Add("me", self.Address);
        if (topology.Primary is { } primary)
            reply.Add("primary", members[primary].Address);
        if (topology.Primary == self.Number)
        {
            // Tells this primary from earlier ones that don't know yet that they aren't.
            Span<byte> election = stackalloc byte[12];
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(election[4..], topology.Term);
            reply.AddObjectId("electionId", election);
        }
    }

    private void AddAuthentication(BsonBuilder reply, Request request, Client client)
    {
        if (request.Body["saslSupportedMechs"] is { } user && options.Users.ContainsKey(user.Text[(user.Text.IndexOf('.') + 1)..]))
            reply.AddArray("saslSupportedMechs", [Scram]);
        if (request.Body["speculativeAuthenticate"]?.Document is not { } first)
            return;
        try
        {
            if (first["saslStart"] is not null)
            {
                var exchange = client.Exchange = new ScramExchange(PayloadOf(first), options.Users);
                if (options.Users.Count > 0 && first["mechanism"]?.Text == Scram)
                    reply.Add("speculativeAuthenticate", Step(exchange.ServerFirst, isDone: false));
            }
            else if (first["authenticate"] is not null)
            {
                reply.Add("speculativeAuthenticate", AuthenticateByCertificate(first, client));
            }
        }
        catch (MongoException)
        {
            // It was an attempt; the client comes again, and is told then.
        }
    }

    private BsonBuilder AuthenticateByCertificate(BsonDocument request, Client client)
    {
        if (request["mechanism"]?.Text != X509)
            throw new MongoException(MongoError.MechanismUnavailable, "Unsupported mechanism.");
        if (client.CertificateSubject is not { } subject || !options.CertificateUsers.Contains(subject)
            || (request["user"] is { } user && user.Text != subject))
            throw Refusal();
        client.User = subject;
        return new BsonBuilder().Add("dbname", "$external").Add("user", subject);
    }

    private static MongoException Refusal() => new(MongoError.AuthenticationFailed, "Authentication failed.");

    private static string PayloadOf(BsonDocument request) =>
        request["payload"] is { } payload ? Encoding.UTF8.GetString(payload.Binary.Span) : "";

    private static BsonBuilder Step(string payload, bool isDone) =>
        new BsonBuilder().Add("conversationId", 1).Add("done", isDone).Add("payload", Encoding.UTF8.GetBytes(payload).AsSpan());
}
