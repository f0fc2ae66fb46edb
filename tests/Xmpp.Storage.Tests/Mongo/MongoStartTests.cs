using System.Collections.Concurrent;
using System.Net.Security;
using Xmpp.Core.Storage;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Mongo.Native;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>What a connection string can ask for, and what somebody is told whose configuration does not work.</summary>
public sealed class MongoStartTests : IAsyncDisposable
{
    private const string Quick = "serverSelectionTimeoutMS=300&connectTimeoutMS=300";

    /// <summary>For what is an answer, and comes as soon as a busy machine gives it.</summary>
    private const string Patient = "serverSelectionTimeoutMS=20000&connectTimeoutMS=20000";

    private readonly FakeMongod _mongod = new();

    public ValueTask DisposeAsync() => _mongod.DisposeAsync();

    [Fact]
    public async Task Where_the_connection_string_is_silent_writes_are_durable_and_repeated()
    {
        await using var set = new FakeMongod(new FakeDatabase { SetName = "rs" });
        set.Database.Primary = set.Address;
        await using var connection = Open($"mongodb://{set.Address}/?replicaSet=rs");

        await connection.AddAsync(1);

        var insert = set.Commands.Single(command => command.Name == "insert");
        Assert.NotNull(insert.RetryKey);
        Assert.Equal("xmppchat", insert.Database);
        Assert.Equal(("majority", true, 8000), ConcernOf(insert));
        Assert.Contains("xmppchat", set.Applications);
    }

    [Fact]
    public async Task What_the_connection_string_says_holds()
    {
        const string Said = "w=1&journal=false&wTimeoutMS=77&retryWrites=false&appName=mine";
        await using var connection = Open($"mongodb://{_mongod.Address}/chat?{Said}");

        await connection.AddAsync(1);

        var insert = _mongod.Commands.Single(command => command.Name == "insert");
        Assert.Null(insert.RetryKey);
        Assert.Equal("chat", insert.Database);
        Assert.Equal(("1", false, 77), ConcernOf(insert));
        Assert.Contains("mine", _mongod.Applications);
    }

    [Fact]
    public async Task The_option_names_the_database_before_the_connection_string()
    {
        await using var connection = Open($"mongodb://{_mongod.Address}/chat", "other");

        await connection.AddAsync(1);

        Assert.Equal("other", _mongod.Commands.Last(command => command.Name == "insert").Database);
        Assert.Equal($"mongodb://{_mongod.Address}/other", connection.Location);
    }

    [Fact]
    public async Task Scram_credentials_are_let_in()
    {
        _mongod.Credentials = ("juliet", "s:e/c@ret");
        await using var connection = Open($"mongodb://juliet:s%3Ae%2Fc%40ret@{_mongod.Address}/chat?authSource=admin");

        Assert.True(await connection.AddAsync(1));
        Assert.Equal($"mongodb://{_mongod.Address}/chat", connection.Location);
    }

    [Fact]
    public async Task Tls_is_used_with_the_ca_and_the_client_certificate_of_the_connection_string()
    {
        using var certificates = new TestCertificates();
        _mongod.Tls = ServerTls(certificates);
        // Its certificate is who it is.
        _mongod.Credentials = (TestCertificates.ClientSubject, "");

        await using var connection = Open(
            $"mongodb://{_mongod.Address}/?tls=true&tlsCAFile={certificates.Authority}&tlsCertificateKeyFile={certificates.Client}"
            + "&authMechanism=MONGODB-X509&authSource=$external");

        Assert.True(await connection.AddAsync(1));
    }

    [Fact]
    public void A_server_that_another_ca_vouches_for_is_not_believed()
    {
        using var certificates = new TestCertificates();
        using var others = new TestCertificates();
        _mongod.Tls = ServerTls(certificates);

        var message = Refusal($"mongodb://{_mongod.Address}/?tls=true&tlsCAFile={others.Authority}&{Quick}");

        Assert.Contains("both sides agree on TLS", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_is_not_let_in_is_told_of()
    {
        using var certificates = new TestCertificates();
        _mongod.Tls = ServerTls(certificates);
        _mongod.Credentials = ("CN=somebody else", "");

        Assert.Contains("the credentials are refused", Refusal(
            $"mongodb://{_mongod.Address}/?tls=true&tlsCAFile={certificates.Authority}&tlsCertificateKeyFile={certificates.Client}"
            + $"&authMechanism=MONGODB-X509&authSource=$external&{Patient}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_is_not_there_is_told_of() => Assert.StartsWith(
        "mongodb.uri", Refusal($"mongodb://{_mongod.Address}/?tls=true&tlsCAFile=/nowhere/ca.pem&{Quick}"), StringComparison.Ordinal);

    [Fact]
    public void Wrong_credentials_are_told_of_without_the_password()
    {
        _mongod.Credentials = ("juliet", "right");

        var message = Refusal($"mongodb://juliet:wr%40ng@{_mongod.Address}/?{Quick}");

        Assert.StartsWith(
            $"mongodb.uri (mongodb://{_mongod.Address}/xmppchat): the credentials are refused", message, StringComparison.Ordinal);
        Assert.Contains("authSource", message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr%40ng", message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr@ng", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mongodb://juliet:se@cret/x@localhost")]
    [InlineData("mongodb://juliet:secret%@localhost")]
    [InlineData("mongodb://juliet:secret?x@localhost")]
    [InlineData("mongodb://juliet:secret#x@localhost")]
    [InlineData("mongodb://juliet:secret@localhost:port")]
    [InlineData("mongodb://juliet:secret@")]
    [InlineData("mongodb://")]
    [InlineData("http://localhost")]
    [InlineData("")]
    public void What_is_no_connection_string_is_refused_without_the_password(string uri)
    {
        var message = Refusal(uri);

        Assert.StartsWith("mongodb.uri is no connection string", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        Assert.DoesNotContain("cret/x", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writes_that_nobody_acknowledges_are_refused() =>
        Assert.Contains("w=0", Refusal($"mongodb://{_mongod.Address}/?w=0"), StringComparison.Ordinal);

    [Theory]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a.b")]
    [InlineData("$a")]
    [InlineData("")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void A_name_that_is_none_of_a_database_is_refused(string name) =>
        Assert.StartsWith("mongodb.database", Refusal($"mongodb://{_mongod.Address}", name), StringComparison.Ordinal);

    [Fact]
    public async Task A_server_that_is_not_there_is_told_of()
    {
        await _mongod.StopAsync();

        var message = Refusal($"mongodb://{_mongod.Address}/?{Quick}");

        Assert.Contains("no primary can be reached", message, StringComparison.Ordinal);
        Assert.Contains("Check that mongod runs there", message, StringComparison.Ordinal);
        _mongod.Start();
    }

    [Fact]
    public void A_name_that_nobody_knows_is_told_of() => Assert.Contains(
        "no primary can be reached", Refusal($"mongodb://no-such-host.invalid/?{Quick}"), StringComparison.Ordinal);

    [Fact]
    public void Records_that_nobody_knows_are_told_of() => Assert.StartsWith(
        "mongodb.uri (mongodb+srv://db.no-such-host.invalid/xmppchat) can't be used",
        Refusal($"mongodb+srv://db.no-such-host.invalid/?{Quick}"), StringComparison.Ordinal);

    [Fact]
    public async Task A_member_that_is_not_the_primary_is_told_of()
    {
        await using var secondary = new FakeMongod(new FakeDatabase { SetName = "rs" });

        var message = Refusal($"mongodb://{secondary.Address}/?directConnection=true&{Quick}");

        Assert.Contains("not the primary", message, StringComparison.Ordinal);
        Assert.Contains("replicaSet=NAME", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_without_a_primary_is_told_of()
    {
        await using var secondary = new FakeMongod(new FakeDatabase { SetName = "rs" });

        // It has to be known by then, however busy the processors are.
        var message = Refusal($"mongodb://{secondary.Address}/?replicaSet=rs&serverSelectionTimeoutMS=3000");

        Assert.Contains("RSSecondary", message, StringComparison.Ordinal);
        Assert.Contains("rs.status()", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_driver_warns_of_is_passed_on_without_secrets()
    {
        var warnings = new ConcurrentQueue<string>();
        var options = new MongoStoreOptions { Uri = $"mongodb://{_mongod.Address}/?nonsense=1", Warned = warnings.Enqueue };

        await using var connection = MongoConnection.Open(options, new StoreHealth(() => { }));

        Assert.Contains(warnings, warning => warning.Contains("nonsense", StringComparison.Ordinal));
        Assert.Equal("a … and …, b", MongoUri.Redact("a p%40ss and p@ss, b", "mongodb://u:p%40ss@host"));
    }

    [Fact]
    public void A_driver_that_is_missing_or_old_is_told_of_with_what_installs_it()
    {
        Assert.Contains("apt-get install libmongoc-1.0-0", Assert.Throws<StoreException>(
            () => MongoLibrary.Find([("libnowhere.so.1", "libnowhere.so.2")])).Message, StringComparison.Ordinal);
        Assert.Contains("1.22.9", Assert.Throws<StoreException>(() => MongoLibrary.Require("1.22.9")).Message, StringComparison.Ordinal);
        Assert.Equal(new Version(2, 0, 0), MongoLibrary.Require("2.0.0-beta"));
    }

    private static (string, bool, int) ConcernOf(FakeCommand insert)
    {
        var concern = insert.Body.Read().Get("writeConcern"u8).Document;
        var w = concern.Get("w"u8).Type is BsonType.String ? concern.String : $"{concern.Int32}";
        return (w, concern.Get("j"u8).Bool, concern.Get("wtimeout"u8).Int32);
    }

    private static SslServerAuthenticationOptions ServerTls(TestCertificates certificates) => new()
    {
        ServerCertificate = certificates.Server,
        ClientCertificateRequired = true,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };

    private static string Refusal(string uri, string? database = null) =>
        Assert.Throws<StoreException>(() => Open(uri, database)).Message;

    private static MongoConnection Open(string uri, string? database = null) =>
        MongoConnection.Open(new() { Uri = uri, Database = database }, new StoreHealth(() => { }));
}
