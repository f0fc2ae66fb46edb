using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What secure DNS says about other servers (RFC 7673, RFC 7712 §5.1), between servers that find each other by such a DNS.</summary>
public sealed class DaneTests : IDisposable
{
    private const string Capulet = "capulet.example";
    private const string Montague = "montague.example";
    private const byte PkixEe = 1;
    private const byte DaneEe = 3;

    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Fact]
    public async Task A_certificate_that_nobody_has_signed_does_where_the_DNS_names_it_in_both_directions()
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague, TestNetwork.IssueSelfSigned("nobody.example", Day(-9), Day(-1)));
        _network.Sign(Montague, (DaneEe, 1, 1, SHA256.HashData(KeyOf(Montague))));
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");

        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
        // By a stream that montague.example makes, with the same certificate.
        await romeo.SendAsync($"<message to='{juliet.Jid}' id='2'/>");
        Assert.Equal("2", (await juliet.ReadAsync())["id"]);
    }

    [Fact]
    public async Task Who_validates_nothing_takes_no_word_of_the_DNS_for_it()
    {
        await using var capulet = await StartAsync(Capulet, validates: false);
        await using var montague = await StartAsync(Montague, TestNetwork.IssueSelfSigned(Montague, Day(-1), Day(1)));
        _network.Sign(Montague, (DaneEe, 1, 1, SHA256.HashData(KeyOf(Montague))));
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        await romeo.SendAsync($"<message to='juliet@{Capulet}' id='2'/>");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout);
    }

    [Theory]
    // The certificate is as good as any, but another one than the DNS says (RFC 7673 §4).
    [InlineData(DaneEe, false)]
    [InlineData(PkixEe, false)]
    // Nor does dialback do then.
    [InlineData(DaneEe, true)]
    public async Task Who_is_not_what_the_DNS_says_is_not_talked_to(byte usage, bool dialback)
    {
        await using var capulet = await StartAsync(Capulet, dialback: dialback);
        await using var montague = await StartAsync(Montague);
        _network.Sign(Montague, (usage, 1, 1, new byte[32]));
        Assert.Contains("is not what the DNS says", await FailAsync(capulet));
    }

    [Fact]
    public async Task An_answer_about_the_certificate_that_was_tampered_with_stops_everything()
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague);
        _network.Sign(Montague);
        _network.Forge(Montague);
        Assert.Contains("is not known", await FailAsync(capulet));
    }

    [Fact]
    public async Task An_answer_about_the_server_that_was_tampered_with_is_not_passed_over()
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague);
        _network.Sign(Montague);
        // RFC 7673 §3.1: elsewhere the domain itself would be tried.
        _network.Break($"_xmpp-server._tcp.{Montague}");
        await FailAsync(capulet);
    }

    [Theory]
    // Of a usage, selector, matching type or length that doesn't exist (RFC 6698 §4.1), as if there were none.
    [InlineData(4, 1, 1, 32)]
    [InlineData(3, 2, 1, 32)]
    [InlineData(3, 1, 3, 32)]
    [InlineData(3, 1, 1, 31)]
    [InlineData(3, 1, 2, 32)]
    [InlineData(3, 0, 0, 32)]
    public async Task What_is_not_usable_is_as_if_it_was_not_there(byte usage, byte selector, byte matching, int length)
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague);
        _network.Sign(Montague, (usage, selector, matching, new byte[length]));
        await ReachAsync(capulet, montague);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_name_of_the_host_counts_where_the_DNS_is_secure_only(bool isSecure)
    {
        await using var capulet = await StartAsync(Capulet);
        await using var montague = await StartAsync(Montague, _network.Issue($"host.{Montague}", Day(-1), Day(1)));
        if (!isSecure)
        {
            Assert.Contains($"is for host.{Montague}, not for {Montague}", await FailAsync(capulet));
            return;
        }
        _network.Sign(Montague);
        await ReachAsync(capulet, montague);
    }

    private static async Task ReachAsync(TestServer capulet, TestServer montague)
    {
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        var romeo = await montague.LoginAsync($"romeo@{Montague}", "orchard");
        await juliet.SendAsync($"<message to='{romeo.Jid}' id='1'/>");
        Assert.Equal("1", (await romeo.ReadAsync())["id"]);
    }

    /// <returns>What the sender was told.</returns>
    private static async Task<string> FailAsync(TestServer capulet)
    {
        var juliet = await capulet.LoginAsync($"juliet@{Capulet}", "balcony");
        await juliet.SendAsync($"<message to='romeo@{Montague}' id='1'/>");
        return StanzaError.Parse(await juliet.ExpectErrorAsync(StanzaErrorCondition.RemoteServerTimeout))!.Text ?? "";
    }

    private async Task<TestServer> StartAsync(
        string domain, X509Certificate2? certificate = null, bool validates = true, bool dialback = false)
    {
        if (certificate is not null)
            _network.Replace(domain, certificate);
        return await _network.StartAsync(domain, options => options with
        {
            S2s = options.S2s with { Dane = validates, Dialback = dialback ? ["*"] : [], ResumeTime = TimeSpan.Zero },
        });
    }

    private byte[] KeyOf(string domain)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_network.Certificates, $"{domain}.crt"));
        return certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }

    private static DateTimeOffset Day(int days) => new ManualTime().GetUtcNow().AddDays(days);
}
