using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Xmpp.MongoGateway;

const string usage = """
    Xmpp.MongoGateway --engine DIRECTORY [OPTION VALUE]...
      --engine DIRECTORY        where the engine's Unix socket is
      --members N               how many play the replica set (1)
      --port N                  of the first member; the others listen behind it (any that is free)
      --replica-set NAME        "none" makes a standalone server (rs0)
      --user NAME:PASSWORD      may log in with SCRAM-SHA-256; may be repeated
      --certificate FILE        speak TLS with this certificate; its key is in the same file
      --client-ca FILE          who has a certificate of this CA may connect
      --client-certificate required|optional
      --certificate-user DN     may log in with X.509; may be repeated
      --ttl-seconds N           how often what has expired is removed; 0: never (0)
      --monitoring stream|poll  whether clients are told of a new primary, or have to ask (stream)
      --election MS             how long there is no primary after one was lost (300)
    Prints its connection string once it listens. Ends with SIGTERM.
    """;

var options = Parse(args);
if (options is null)
{
    await Console.Error.WriteLineAsync(usage);
    return 2;
}

var end = new TaskCompletionSource();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
await using var gateway = await Gateway.StartAsync(options);
Console.WriteLine(gateway.ConnectionString);
await end.Task;
return 0;

void End(PosixSignalContext context)
{
    context.Cancel = true;
    end.TrySetResult();
}

static GatewayOptions? Parse(string[] args)
{
    var values = args.Chunk(2).ToLookup(pair => pair[0], pair => pair.Length == 2 ? pair[1] : "");
    string[] known = ["engine", "members", "port", "replica-set", "user", "certificate", "client-ca", "client-certificate",
        "certificate-user", "monitoring", "ttl-seconds", "election"];
    if (One("engine") is null || values.Any(option => !known.Any(name => option.Key == $"--{name}") || option.Contains("")))
        return null;
    var port = Number("port", 0);
    return new GatewayOptions
    {
        Engine = One("engine")!,
        Ports = [.. Enumerable.Range(0, Number("members", 1)).Select(member => port == 0 ? 0 : port + member)],
        ReplicaSet = One("replica-set") switch { null => "rs0", "none" => null, var name => name },
        Users = values["--user"].Select(user => user.Split(':', 2)).ToDictionary(user => user[0], user => user[^1]),
        CertificateUsers = [.. values["--certificate-user"]],
        Certificate = One("certificate") is { } certificate ? X509Certificate2.CreateFromPemFile(certificate) : null,
        ClientAuthority = One("client-ca") is { } authority ? X509CertificateLoader.LoadCertificateFromFile(authority) : null,
        AllowsNoClientCertificate = One("client-certificate") == "optional",
        TtlSeconds = Number("ttl-seconds", 0),
        TellsChanges = One("monitoring") != "poll",
        Election = TimeSpan.FromMilliseconds(Number("election", 300)),
    };

    string? One(string name) => values[$"--{name}"].LastOrDefault();

    int Number(string name, int otherwise) => One(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
