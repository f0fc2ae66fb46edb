using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.MongoGateway;
using Xmpp.Storage.Mongo;
using Xunit;
using static Xmpp.Storage.Tests.Mongo.FakeClients;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>Elections, deaths and log-ins with the engine behind a gateway of the test's own; see tests/mongo-engine.</summary>
public sealed class MongoReplicaSetTests
{
    private const string Variable = "XMPPCHAT_TEST_MONGODB_ENGINE";
    private const int Writers = 8;

    private readonly string _database = $"xmppchat_test_{Guid.NewGuid():n}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("steps down")]
    [InlineData("dies")]
    public async Task Whatever_becomes_of_the_primary_under_load_nothing_acknowledged_is_lost_or_doubled(string what)
    {
        await using var gateway = await StartAsync(new() { Engine = Engine, Ports = [0, 0] });
        await using var connection = Open(gateway.ConnectionString, threads: Writers);
        var (acknowledged, attempted) = (new ConcurrentBag<int>(), new ConcurrentBag<int>());
        using var progress = new SemaphoreSlim(0);
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(writer => WriteAsync(writer)).ToArray();

        for (var round = 0; round < 3; round++)
        {
            await AcknowledgedAsync(50);
            var primary = gateway.Primary!;
            switch (what)
            {
                case "steps down":
                    gateway.StepDown(TimeSpan.FromMilliseconds(500));
                    break;
                case "dies":
                    await primary.StopAsync();
                    await AcknowledgedAsync(10);
                    primary.Start();
                    break;
            }
        }

        await AcknowledgedAsync(50);
        await enough.CancelAsync();
        await Task.WhenAll(writers);
        var there = (await connection.ListAsync()).ToHashSet();
        Assert.Subset(there, acknowledged.ToHashSet());
        Assert.Subset(attempted.ToHashSet(), there);
        await DropAsync(connection);

        async Task WriteAsync(int writer)
        {
            for (var id = writer; !enough.IsCancellationRequested; id += Writers)
            {
                attempted.Add(id);
                try
                {
                    // A write that is done twice finds its key the second time. This engine, unlike MongoDB, can't tell that from a
                    // repetition when there are several writes in the command.
                    var isNew = writer % 2 == 0
                        ? await connection.AddAsync(id)
                        : await connection.Things().InsertBatchedAsync(Thing(id), None) || true;
                    Assert.True(isNew);
                    acknowledged.Add(id);
                    progress.Release();
                }
                catch (StoreException refusal) when (refusal.Condition is StanzaErrorCondition.ResourceConstraint)
                {
                    // Its caller may try again.
                }
            }
        }

        async Task AcknowledgedAsync(int count)
        {
            for (; count > 0; count--)
                await progress.WaitAsync(Cancellation);
        }
    }

    [Fact]
    public async Task A_user_logs_in_with_a_password_and_a_machine_with_its_certificate_over_tls()
    {
        using var certificates = new TestCertificates();
        using var authority = X509CertificateLoader.LoadCertificateFromFile(certificates.Authority);
        await using var gateway = await StartAsync(new()
        {
            Engine = Engine,
            Users = new Dictionary<string, string> { ["juliet"] = "se cret@" },
            CertificateUsers = [TestCertificates.ClientSubject],
            Certificate = certificates.Server,
            ClientAuthority = authority,
            AllowsNoClientCertificate = true,
        });
        var tls = $"{gateway.ConnectionString}&tls=true&tlsCAFile={certificates.Authority}";

        await using (var user = Open(tls.Replace("//", "//juliet:se%20cret%40@", StringComparison.Ordinal) + "&authSource=admin"))
            Assert.True(await user.AddAsync(1));
        await using var machine = Open(
            $"{tls}&tlsCertificateKeyFile={certificates.Client}&authMechanism=MONGODB-X509&authSource=$external");
        Assert.Equal([1], await machine.ListAsync());
        await DropAsync(machine);

        var message = Assert.Throws<StoreException>(
            () => Open(tls.Replace("//", "//juliet:wrong@", StringComparison.Ordinal) + "&authSource=admin")).Message;
        Assert.Contains("the credentials are refused", message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", message, StringComparison.Ordinal);
    }

    private static string Engine
    {
        get
        {
            var engine = Environment.GetEnvironmentVariable(Variable);
            Assert.SkipWhen(string.IsNullOrEmpty(engine), $"{Variable} names no engine; test.sh starts one.");
            return engine!;
        }
    }

    private static Task<Gateway> StartAsync(GatewayOptions options) => Gateway.StartAsync(options, Cancellation);

    private static async Task DropAsync(MongoConnection connection) =>
        await connection.CommandAsync(BsonDocument.Build(drop => drop.Int32("dropDatabase", 1)), static _ => true, None);

    private MongoConnection Open(string uri, int threads = 4) => MongoConnection.Open(
        new() { Uri = uri, Database = _database, Threads = threads, ProbeInterval = TimeSpan.FromMilliseconds(20) },
        new StoreHealth(() => { }));
}
