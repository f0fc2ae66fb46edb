using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Server.Tests.Streams.Sasl2Testing;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Keys that an account lacks come from its clients (XEP-0480).</summary>
public sealed class ScramUpgradeTests
{
    private const string Upgrade = "urn:xmpp:sasl:upgrade:0";
    private const string Data = "urn:xmpp:scram-upgrade:0";
    private const string Sha256 = $"<upgrade xmlns='{Upgrade}'>UPGR-SCRAM-SHA-256</upgrade>";
    private const string Sha512 = $"<upgrade xmlns='{Upgrade}'>UPGR-SCRAM-SHA-512</upgrade>";

    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task Tasks_are_offered_by_the_names_without_channel_binding()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Connect();

        var features = await client.OpenAsync();

        Assert.Equal(
            ["UPGR-SCRAM-SHA-512", "UPGR-SCRAM-SHA-256", "UPGR-SCRAM-SHA-1"],
            features.Child(Sasl2, "authentication")!.Elements.Where(child => child.Name.Namespace == Upgrade).Select(child => child.Text));
    }

    [Fact]
    public async Task A_client_makes_the_keys_that_are_missing_one_after_the_other()
    {
        await using var server = await StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", $"{Sha256}{Sha512}<bind xmlns='{Bind2}'/>"));

        await DoAsync(client, "UPGR-SCRAM-SHA-512", HashAlgorithmName.SHA512);
        await DoAsync(client, "UPGR-SCRAM-SHA-256", HashAlgorithmName.SHA256);

        var (success, _) = await client.ReadOnlineAsync();
        Assert.NotNull(success.Child(Bind2, "bound"));
        var keys = await KeysAsync(server);
        Assert.Equal(["SHA-1", "SHA-256", "SHA-512"], keys.Select(key => key.Hash).Order());
        Assert.All(ScramHash.All, hash => Assert.True(PasswordKeys.Verify(TestServer.Password, [PasswordKeys.Find(keys, hash)!])));
    }

    [Fact]
    public async Task Nothing_is_asked_for_that_is_there()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", Sha256));

        await client.ReadSuccessAsync();
    }

    [Fact]
    public async Task A_token_is_given_when_all_is_done_and_holds_after_an_upgrade()
    {
        await using var server = await StartAsync();
        var request = $"<request-token xmlns='{Fast}' mechanism='HT-SHA-256-NONE'/>";
        var client = await server.SayAsync("juliet", Authenticate("juliet", request, Phone));
        var token = (await client.ReadSuccessAsync()).Child(Fast, "token")!["token"]!;
        client = await server.SayAsync("juliet", Authenticate("juliet", Sha256 + request, Laptop));
        Assert.Null((await DoAsync(client, "UPGR-SCRAM-SHA-256", HashAlgorithmName.SHA256)).Child(Fast, "token"));
        Assert.NotNull((await client.ReadSuccessAsync()).Child(Fast, "token"));

        // Who has a token isn't asked for anything (XEP-0484, Server responsibilities).
        client = await server.SayAsync("juliet", FastTests.UseToken(token, Sha512));

        await client.ReadSuccessAsync();
    }

    [Theory]
    [InlineData("<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-512'/>", "malformed-request")]
    [InlineData("<task-data xmlns='urn:xmpp:sasl:2'><hash xmlns='urn:xmpp:scram-upgrade:0'>AAAA</hash></task-data>", "malformed-request")]
    [InlineData("<abort xmlns='urn:xmpp:sasl:2'/>", "aborted")]
    public async Task What_is_wrong_fails(string said, string condition)
    {
        await using var server = await StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", Sha256));
        await client.ReadAsync();

        await client.SendAsync(said);

        await client.ExpectSasl2FailureAsync(condition);
        await client.SendAsync(Authenticate("juliet"));
        await client.ReadSuccessAsync();
    }

    [Theory]
    [InlineData("", "malformed-request")]
    [InlineData("AAAA", "malformed-request")]
    [InlineData("!", "incorrect-encoding")]
    public async Task A_hash_has_its_length(string hash, string condition)
    {
        await using var server = await StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", Sha256));
        await client.ReadAsync();
        await client.SendAsync($"<next xmlns='{Sasl2}' task='UPGR-SCRAM-SHA-256'/>");
        await client.ReadAsync();

        await client.SendAsync($"<task-data xmlns='{Sasl2}'><hash xmlns='{Data}'>{hash}</hash></task-data>");

        await client.ExpectSasl2FailureAsync(condition);
        Assert.Single(await KeysAsync(server));
    }

    [Fact]
    public async Task Authenticating_again_instead_is_a_stream_error()
    {
        await using var server = await StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", Sha256));
        await client.ReadAsync();

        await client.SendAsync(Authenticate("juliet"));

        await client.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task Keys_of_a_password_that_has_changed_meanwhile_are_not_kept()
    {
        await using var server = await StartAsync();
        var client = await server.SayAsync("juliet", Authenticate("juliet", Sha256));
        await client.ReadAsync();
        await server.Server.Context.Accounts.SetKeysAsync(
            Juliet, [ScramKeyDerivation.Create("another", ScramHash.Sha1, 4096)], except: null, TestContext.Current.CancellationToken);

        await AnswerAsync(client, "UPGR-SCRAM-SHA-256", HashAlgorithmName.SHA256);

        await client.ExpectSasl2FailureAsync("credentials-expired");
        Assert.Single(await KeysAsync(server));
    }

    /// <summary>A server where Juliet's account came from elsewhere, with keys of one hash.</summary>
    private static async Task<TestServer> StartAsync()
    {
        var server = await TestServer.StartAsync();
        await server.CreateAccountAsync(Juliet);
        await server.Store.Accounts.SetKeysAsync(
            Juliet, [ScramKeyDerivation.Create(TestServer.Password, ScramHash.Sha1, 4096)], TestContext.Current.CancellationToken);
        return server;
    }

    private static async Task<IReadOnlyList<ScramKeys>> KeysAsync(TestServer server) =>
        (await server.Store.Accounts.FindAsync(Juliet, TestContext.Current.CancellationToken))!.Keys;

    /// <summary>Reads that a task is to be done and does it.</summary>
    private static async Task<Element> DoAsync(TestClient client, string task, HashAlgorithmName hash)
    {
        var asked = await client.ReadAsync();
        Assert.Equal(new XmlName(Sasl2, "continue"), asked.Name);
        Assert.Equal([task], asked.Child(Sasl2, "tasks")!.Elements.Select(each => each.Text));
        await AnswerAsync(client, task, hash);
        return asked;
    }

    private static async Task AnswerAsync(TestClient client, string task, HashAlgorithmName hash)
    {
        await client.SendAsync($"<next xmlns='{Sasl2}' task='{task}'/>");
        var salt = (await client.ReadAsync()).Child(Data, "salt")!;
        var salted = Scram.Salt(TestServer.Password, Convert.FromBase64String(salt.Text), int.Parse(salt["iterations"]!), hash);
        await client.SendAsync(
            $"<task-data xmlns='{Sasl2}'><hash xmlns='{Data}'>{Convert.ToBase64String(salted)}</hash></task-data>");
    }
}
