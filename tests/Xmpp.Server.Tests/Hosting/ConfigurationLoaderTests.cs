using System.Net;
using Microsoft.Extensions.Logging;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Hosting;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void An_empty_section_means_the_defaults()
    {
        var options = Valid("{}");

        Assert.Equal(["localhost"], options.Hosts);
        Assert.Equal([5222, 5223], options.Listeners.Select(listener => listener.Port));
        Assert.Equal(new LimitOptions(), options.Limits);
    }

    [Fact]
    public void Values_are_read_in_their_units()
    {
        var options = Valid("""
            {
              // A comment, and commas behind the last item.
              "hosts": ["example.org", "example.net",],
              "listeners": [{ "address": "127.0.0.1", "port": 15222, "tls": "none", "trustedProxies": ["10.0.0.0/8", "192.0.2.1"] }],
              "limits": { "stanzaBytes": "128KB", "outputBytes": "2MB", "depth": 12,
                "negotiationTimeout": "90s", "keepAliveInterval": "5m" },
              "shutdownDeadline": "1500ms",
              "tls": { "generateMissing": false, "clientCertificateAuthorities": "/etc/ca.pem" },
              "log": { "level": "debug" },
            }
            """);

        Assert.Equal(["example.org", "example.net"], options.Hosts);
        var listener = Assert.Single(options.Listeners);
        Assert.Equal(IPAddress.Loopback, listener.Address);
        Assert.Equal(15222, listener.Port);
        Assert.Equal(ListenerTls.None, listener.Tls);
        Assert.Equal([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.1/32")], listener.TrustedProxies);
        Assert.Equal(128 * 1024, options.Limits.StanzaBytes);
        Assert.Equal(2 * 1024 * 1024, options.Limits.OutputBytes);
        Assert.Equal(12, options.Limits.Depth);
        Assert.Equal(TimeSpan.FromSeconds(90), options.Limits.NegotiationTimeout);
        Assert.Equal(TimeSpan.FromMinutes(5), options.Limits.KeepAliveInterval);
        Assert.Equal(TimeSpan.FromSeconds(1.5), options.ShutdownDeadline);
        Assert.False(options.Tls.GenerateMissing);
        Assert.Equal("/etc/ca.pem", options.Tls.ClientCertificateAuthorities);
        Assert.Equal(LogLevel.Debug, options.Log.Level);
    }

    [Fact]
    public void Relative_paths_start_at_the_directory_key_and_that_at_the_file()
    {
        var file = _directory.Write("config/xmppchat.json", """{ "sqlite": { "file": "data/a.db" } }""");

        Assert.Equal(_directory["data/a.db"], ConfigurationLoader.Load(file, NoEnvironment).Options!.Sqlite.File);
        Assert.Equal("/var/lib/xmppchat/data/xmppctl.sock", Valid("""{ "directory": "/var/lib/xmppchat" }""").Control.Socket);
        Assert.Null(Valid("{}").Tls.ClientCertificateAuthorities);
    }

    [Fact]
    public void Hosts_are_prepared_as_domainparts() => Assert.Equal(["example.org"], Valid("""{ "hosts": ["EXAMPLE.org"] }""").Hosts);

    [Theory]
    [InlineData("""{ "limits": { "stanzaBytes": "abc" } }""",
        "limits.stanzaBytes = \"abc\": expected a number of bytes from 10000 to 67108864, such as 262144 or \"256KB\"")]
    [InlineData("""{ "limits": { "stanzaBytes": 9999 } }""",
        "limits.stanzaBytes = 9999: expected a number of bytes from 10000 to 67108864, such as 262144 or \"256KB\"")]
    [InlineData("""{ "limits": { "stanzaBytes": "4096MB" } }""",
        "limits.stanzaBytes = \"4096MB\": expected a number of bytes from 10000 to 67108864, such as 262144 or \"256KB\"")]
    [InlineData("""{ "limits": { "depth": 1.5 } }""", "limits.depth = 1.5: expected a number from 8 to 1024")]
    [InlineData("""{ "limits": { "keepAliveInterval": 60 } }""",
        "limits.keepAliveInterval = 60: expected a duration from 10s to 1d, such as \"90s\" or \"5m\"")]
    [InlineData("""{ "limits": { "keepAliveInterval": "2d" } }""",
        "limits.keepAliveInterval = \"2d\": expected a duration from 10s to 1d, such as \"90s\" or \"5m\"")]
    [InlineData("""{ "limits": 5 }""", "limits = 5: expected a section: { … }")]
    [InlineData("""{ "limits": null }""", "limits = null: expected a section: { … }")]
    [InlineData("""{ "limitz": {} }""", "limitz = {}: unknown key; did you mean \"limits\"?")]
    [InlineData("""{ "limits": { "stanzabytes": 20000 } }""", "limits.stanzabytes = 20000: unknown key; did you mean \"stanzaBytes\"?")]
    [InlineData("""{ "control": { "quality": 1 } }""", "control.quality = 1: unknown key; expected one of socket")]
    [InlineData("""{ "log": { "level": "error", "level": "debug" } }""", "log.level = \"debug\": given twice; remove one of the two")]
    [InlineData("""{ "log": { "level": "loud" } }""",
        "log.level = \"loud\": expected one of \"trace\", \"debug\", \"information\", \"warning\", \"error\", \"critical\", \"none\"")]
    [InlineData("""{ "hosts": "localhost" }""", "hosts = \"localhost\": expected a list: [ … ]")]
    [InlineData("""{ "hosts": [] }""", "hosts = []: expected at least one domain, such as \"example.org\"")]
    [InlineData("""{ "hosts": ["a.example", "A.example"] }""", "hosts[1] = \"A.example\": given twice; remove one of the two")]
    [InlineData("""{ "hosts": ["two words"] }""", "hosts[0] = \"two words\": expected a domain, such as \"example.org\" (RFC 7622 §3.2)")]
    [InlineData("""{ "listeners": [] }""", "listeners = []: expected at least one listener")]
    [InlineData("""{ "listeners": [{}] }""", "listeners[0].port: missing; it has no default")]
    [InlineData("""{ "listeners": [{ "port": 65536 }] }""", "listeners[0].port = 65536: expected a number from 0 to 65535")]
    [InlineData("""{ "listeners": [{ "port": 1, "address": "localhost" }] }""",
        "listeners[0].address = \"localhost\": expected an IP address, such as \"::\" or \"127.0.0.1\"")]
    [InlineData("""{ "listeners": [{ "port": 5222 }, { "port": 5222 }] }""",
        "listeners[1].port = 5222: another listener has the same address and port; change one of the two")]
    [InlineData("""{ "listeners": [{ "port": 5222, "tls": "none" }] }""",
        "listeners[0].tls = \"none\": allowed for a loopback address only, and address is ::; "
        + "set it to \"127.0.0.1\" or \"::1\", or tls to \"starttls\"")]
    [InlineData("""{ "listeners": [{ "port": 5222, "trustedProxies": ["10.0.0.0/33"] }] }""",
        "listeners[0].trustedProxies[0] = \"10.0.0.0/33\": expected an IP address or network, such as \"192.0.2.1\" or \"10.0.0.0/8\"")]
    [InlineData("""{ "authentication": { "mechanisms": ["SCRAM-MD5"] } }""",
        "authentication.mechanisms[0] = \"SCRAM-MD5\": "
        + "expected one of \"SCRAM-SHA-512-PLUS\", \"SCRAM-SHA-256-PLUS\", \"SCRAM-SHA-1-PLUS\", "
        + "\"EXTERNAL\", \"SCRAM-SHA-512\", \"SCRAM-SHA-256\", \"SCRAM-SHA-1\", \"PLAIN\", \"ANONYMOUS\"")]
    [InlineData("""{ "authentication": { "mechanisms": [] } }""",
        "authentication.mechanisms = []: expected at least one SASL mechanism, such as \"SCRAM-SHA-256\"")]
    [InlineData("""{ "authentication": { "mechanisms": ["PLAIN", "PLAIN"] } }""",
        "authentication.mechanisms = \"PLAIN\": given twice; remove one of the two")]
    [InlineData("""{ "store": "oracle" }""", "store = \"oracle\": expected one of \"sqlite\", \"mongodb\"")]
    [InlineData("""{ "store": "mongodb" }""",
        "mongodb.uri: missing; store = \"mongodb\" needs a connection string, such as "
        + "\"mongodb://USER:PASSWORD@db.example.org/xmppchat\", here or in XMPPCHAT_mongodb__uri")]
    [InlineData("""{ "http": { "uploadStore": "mongodb" } }""",
        "http.uploadStore = \"mongodb\": needs store = \"mongodb\", which is \"sqlite\"; set that, or \"disk\" here")]
    [InlineData("""{ "http": { "uploadStore": "ftp" } }""",
        "http.uploadStore = \"ftp\": expected one of \"disk\", \"mongodb\", \"s3\"")]
    [InlineData("""{ "http": { "uploadStore": "s3", "s3": { "accessKey": "a", "secretKey": "b", "region": "eu-central-1" } } }""",
        "http.s3.bucket: missing; http.uploadStore = \"s3\" needs the name of a bucket, such as \"xmppchat-uploads\", "
        + "here or in XMPPCHAT_http__s3__bucket")]
    [InlineData("""{ "http": { "uploadStore": "s3", "s3": { "bucket": "abc", "accessKey": "a", "secretKey": "b" } } }""",
        "http.s3.endpoint: missing; http.uploadStore = \"s3\" needs the address of a store, without a path, such as "
        + "\"https://s3.example.org\", or Amazon's region in http.s3.region, here or in XMPPCHAT_http__s3__endpoint")]
    [InlineData("""{ "http": { "s3": { "endpoint": "https://s3.example.org/bucket" } } }""",
        "http.s3.endpoint = \"https://s3.example.org/bucket\": "
        + "expected the address of a store, without a path, such as \"https://s3.example.org\"")]
    [InlineData("""{ "http": { "s3": { "bucket": "a/b" } } }""",
        "http.s3.bucket = \"a/b\": expected the name of a bucket, such as \"xmppchat-uploads\"")]
    [InlineData("""{ "http": { "s3": { "secretkey": "to be or not" } } }""",
        "http.s3.secretkey: unknown key; did you mean \"secretKey\"?")]
    [InlineData("""{ "http": { "s33": { "secretKey": "to be \"or not" } } }""",
        "http.s33 = {\"secretKey\":\"…\"}: unknown key; did you mean \"s3\"?")]
    [InlineData("""
        { "http": { "uploadStore": "s3", "s3": { "bucket": "abc", "accessKey": "a", "secretKey": "b", "region": "eu-central-1" } },
          "modules": { "uploads": { "fileBytes": "5GB" } } }
        """,
        "modules.uploads.fileBytes = 5368709120: http.uploadStore = \"s3\" takes at most 5368705024 bytes")]
    [InlineData("""{ "mongodb": { "uri": "postgres://user:secret@host" } }""",
        "mongodb.uri: expected a connection string, such as \"mongodb://USER:PASSWORD@db.example.org/xmppchat\"")]
    [InlineData("""{ "mongodb": { "url": "mongodb://user:sec/r@t@host" } }""",
        "mongodb.url = \"mongodb://…@host\": unknown key; did you mean \"uri\"?")]
    [InlineData("""{ "mongo": { "uri": "mongodb://user:secret@host" } }""",
        "mongo = {\"uri\":\"mongodb://…@host\"}: unknown key; did you mean \"mongodb\"?")]
    [InlineData("""{ "sqlite": { "file": "" } }""", "sqlite.file = \"\": expected a text")]
    [InlineData("""{ "tls": { "generateMissing": "maybe" } }""", "tls.generateMissing = \"maybe\": expected true or false")]
    [InlineData("""{ "limits": { "unauthenticatedStanzaBytes": "1MB" } }""",
        "limits.unauthenticatedStanzaBytes = 1048576: must not exceed limits.stanzaBytes, which is 262144")]
    [InlineData("""{ "limits": { "outputBytes": 65536 } }""",
        "limits.outputBytes = 65536: must hold the largest stanza: at least limits.stanzaBytes, which is 262144")]
    [InlineData("""{ "modules": { "registration": { "reservedNames": ["a b"] } } }""",
        "modules.registration.reservedNames[0] = \"a b\": expected what stands before the \"@\" of an address, such as \"admin\"")]
    [InlineData("""{ "modules": { "registration": { "questions": ["Which? | this", "How many?"] } } }""",
        "modules.registration.questions[1] = \"How many?\": "
        + "expected a question and its answers, such as \"Which colour has a stop light? | red\"")]
    [InlineData("""{ "modules": { "registration": { "questions": ["How many? | "] } } }""",
        "modules.registration.questions[0] = \"How many? | \": "
        + "expected a question and its answers, such as \"Which colour has a stop light? | red\"")]
    [InlineData("""{ "modules": { "invitations": { "landingPage": "join.example.org" } } }""",
        "modules.invitations.landingPage = \"join.example.org\": expected an address, such as \"https://join.example.org/#\"")]
    [InlineData("""{ "hosts": ["example.org", "conference.example.org"] }""",
        "modules.rooms.label = \"conference\": conference.example.org is a host of this server; choose another one")]
    [InlineData("""{ "components": { "list": [{ "domain": "conference.localhost", "secret": "to be or not" }] } }""",
        "modules.rooms.label = \"conference\": "
        + "conference.localhost is a component's domain (components.list); change one of the two")]
    [InlineData("""{ "modules": { "externalServices": { "list": [{ "type": "turn", "host": "a", "secret": "to be or not", "username": "b" }] } } }""",
        "modules.externalServices.list[0] = \"a\": expected a secret, or a username with its password, or nothing of these")]
    [InlineData("""{ "modules": { "rooms": { "label": "a b" } } }""",
        "modules.rooms.label = \"a b\": expected what stands before a host in a domain, such as \"conference\"")]
    [InlineData("""{ "modules": { "rooms": { "defaults": ["membersonly=1", "colour=red"] } } }""",
        "modules.rooms.defaults = \"membersonly=1\", \"colour=red\": \"colour\" is no field of a room's configuration")]
    public void A_bad_value_is_refused_with_key_value_and_remedy(string json, string problem) =>
        Assert.Equal([problem], Problems(json));

    [Fact]
    public void All_problems_are_reported_at_once() =>
        Assert.Equal(3, Problems("""{ "limitz": {}, "hosts": "a", "limits": { "depth": "deep" } }""").Count);

    [Fact]
    public void A_socket_path_too_long_for_the_system_is_refused() =>
        Assert.StartsWith(
            "control.socket = ",
            Assert.Single(Problems($$"""{ "control": { "socket": "/{{new string('a', 107)}}" } }""")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("{ \"hosts\": [", "not JSON")]
    [InlineData("[]", "expected a JSON object")]
    public void A_file_that_is_no_configuration_is_refused(string json, string problem) =>
        Assert.Contains(problem, Assert.Single(Problems(json)), StringComparison.Ordinal);

    [Fact]
    public void A_syntax_error_is_reported_with_its_line() =>
        Assert.Contains("xmppchat.json, line 2: not JSON", Assert.Single(Problems("{\n hosts: 1 }")), StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_reported_with_the_ways_to_name_one()
    {
        var problem = Assert.Single(ConfigurationLoader.Load(_directory["none.json"], NoEnvironment).Problems);

        Assert.Equal(
            $"{_directory["none.json"]}: no such file; name the configuration file with --config FILE or XMPPCHAT_CONFIG",
            problem.ToString());
    }

    [Fact]
    public void The_environment_overrides_the_file()
    {
        var options = Valid(
            """{ "limits": { "depth": 20 }, "listeners": [{ "port": 5222 }], "tls": { "engine": "openssl" } }""",
            ("XMPPCHAT_limits__depth", "30"),
            ("xmppchat_LIMITS__STANZABYTES", "64KB"),
            ("XMPPCHAT_hosts", "a.example, b.example"),
            ("XMPPCHAT_LISTENERS__0__PORT", "15222"),
            ("XMPPCHAT_listeners__1__port", "15223"),
            ("XMPPCHAT_listeners__1__tls", "direct"),
            ("XMPPCHAT_CONFIG", "elsewhere.json"),
            ("XMPPCHAT_TEST_MONGODB", "mongodb://localhost"),
            ("PATH", "/bin"));

        Assert.Equal(30, options.Limits.Depth);
        Assert.Equal(65_536, options.Limits.StanzaBytes);
        Assert.Equal(["a.example", "b.example"], options.Hosts);
        Assert.Equal([15222, 15223], options.Listeners.Select(listener => listener.Port));
        Assert.Equal([ListenerTls.StartTls, ListenerTls.Direct], options.Listeners.Select(listener => listener.Tls));
        Assert.Equal("openssl", options.Tls.Engine);
    }

    [Fact]
    public void Items_from_the_environment_are_added_in_the_order_of_their_numbers()
    {
        var variables = Enumerable.Range(0, 12).Select(i => ($"XMPPCHAT_hosts__{i}", $"h{i}.example")).ToArray();

        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"h{i}.example"), Valid("{}", variables).Hosts);
    }

    [Theory]
    [InlineData("XMPPCHAT_limits__dept", "9", "XMPPCHAT_limits__dept = \"9\": unknown key; did you mean \"depth\"?")]
    [InlineData("XMPPCHAT_limits__depth__x", "9", "XMPPCHAT_limits__depth__x = \"9\": this key has no keys below it; leave out \"__x\"")]
    [InlineData("XMPPCHAT_hosts__7", "a", "XMPPCHAT_hosts__7 = \"a\": \"7\" is no item of the list; expected a number from 0 to 0")]
    [InlineData(
        "XMPPCHAT_limits__depth", "deep", "limits.depth = \"deep\": expected a number from 8 to 1024 (set by XMPPCHAT_limits__depth)")]
    [InlineData(
        "XMPPCHAT_hosts", "a b", "hosts[0] = \"a b\": expected a domain, such as \"example.org\" (RFC 7622 §3.2) (set by XMPPCHAT_hosts)")]
    public void A_bad_variable_is_refused_by_its_name(string name, string value, string problem) =>
        Assert.Equal([problem], Problems("{}", (name, value)));

    [Fact]
    public void A_connection_string_is_shown_nowhere()
    {
        const string Uri = "mongodb://user:secret@host";
        var options = Valid("""{ "store": "mongodb" }""", ("XMPPCHAT_mongodb__uri", Uri));

        Assert.Equal(Uri, options.Mongodb.Uri);
        Assert.DoesNotContain("secret", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Assert.Single(Problems("{}", ("XMPPCHAT_mongodb__ury", Uri))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_secret_key_of_an_s3_store_is_shown_nowhere()
    {
        var options = Valid(
            """{ "http": { "uploadStore": "s3", "s3": { "endpoint": "http://s3.example.org", "bucket": "abc", "accessKey": "a" } } }""",
            ("XMPPCHAT_http__s3__secretKey", "to be or not"));

        Assert.Equal("to be or not", options.Http.S3.SecretKey);
        Assert.DoesNotContain("to be or not", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "to be or not", Assert.Single(Problems("{}", ("XMPPCHAT_http__s3__secretKeys", "to be or not"))), StringComparison.Ordinal);
        Assert.StartsWith("http.s3.endpoint is http://s3.example.org/, without TLS", Assert.Single(ServerOptionsValidator.Warnings(options)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_given_twice_in_different_case_is_refused() =>
        Assert.Contains(
            "given twice",
            Assert.Single(Problems("{}", ("XMPPCHAT_STORE", "sqlite"), ("XMPPCHAT_store", "sqlite"))),
            StringComparison.Ordinal);

    [Fact]
    public void Clear_text_and_doors_that_are_open_are_warned_about()
    {
        var options = Valid("""
            {
              "listeners": [{ "address": "::1", "port": 5222, "tls": "none" }], "authentication": { "mechanisms": ["ANONYMOUS"] },
              "modules": { "registration": { "access": "open" } }
            }
            """);

        Assert.Collection(ServerOptionsValidator.Warnings(options),
            warning => Assert.StartsWith("[::1]:5222 is served without TLS", warning, StringComparison.Ordinal),
            warning => Assert.StartsWith("authentication.mechanisms has \"ANONYMOUS\"", warning, StringComparison.Ordinal),
            warning => Assert.StartsWith("modules.registration.access is \"open\"", warning, StringComparison.Ordinal));
        Assert.Empty(ServerOptionsValidator.Warnings(Valid("{}")));
    }

    private static Dictionary<string, string> NoEnvironment => [];

    private ConfigurationResult Load(string json, (string Name, string Value)[] environment) =>
        ConfigurationLoader.Load(_directory.Write("xmppchat.json", json), environment.ToDictionary(v => v.Name, v => v.Value));

    private ServerOptions Valid(string json, params (string Name, string Value)[] environment)
    {
        var result = Load(json, environment);
        Assert.Empty(result.Problems);
        return result.Options!;
    }

    private List<string> Problems(string json, params (string Name, string Value)[] environment) =>
        [.. Load(json, environment).Problems.Select(problem => problem.ToString())];
}
