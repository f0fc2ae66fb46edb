using Xmpp.Server.Dns;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Dns;

/// <summary>What libunbound says of a zone that the test signs.</summary>
public sealed class ValidatingResolverTests : IDisposable
{
    private readonly SignedZone _zone = new();
    private readonly TemporaryDirectory _directory = new();
    private readonly ValidatingResolver _resolver;
    private readonly CancellationTokenSource _patience = new(TestClient.Patience);

    public ValidatingResolverTests()
    {
        _resolver = new([_zone.EndPoint], _directory.Write("anchors", _zone.TrustAnchor));
    }

    private CancellationToken Stop => _patience.Token;

    public void Dispose()
    {
        _resolver.Dispose();
        _zone.Dispose();
        _directory.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task What_is_signed_is_secure()
    {
        _zone.Records[("_xmpp-server._tcp.montague.example", DnsType.Srv)] =
            [[0, 5, 0, 7, 0x14, 0x95, .. Question.Encode("xmpp.montague.example")]];
        _zone.Records[("xmpp.montague.example", DnsType.A)] = [[192, 0, 2, 1], [192, 0, 2, 2]];
        _zone.Records[("_5269._tcp.xmpp.montague.example", DnsType.Tlsa)] = [[3, 1, 1, .. new byte[32]], [2, 0, 2, .. new byte[64]]];
        var service = await _resolver.QueryAsync("_xmpp-server._tcp.montague.example", DnsType.Srv, Stop);
        Assert.True(service is { IsSecure: true, IsValidated: true, Outcome: DnsOutcome.Found }, service.Failure);
        Assert.Equal(
            new ServiceRecord("_xmpp-server._tcp.montague.example", 60, 5, 7, 5269, "xmpp.montague.example"),
            Assert.Single(service.Records) with { TimeToLive = 60 });
        var addresses = await _resolver.QueryAsync("xmpp.montague.example", DnsType.A, Stop);
        Assert.True(addresses.IsSecure);
        Assert.Equal(["192.0.2.1", "192.0.2.2"], addresses.Records.Cast<AddressRecord>().Select(record => record.Address.ToString()).Order());
        var certificates = await _resolver.QueryAsync("_5269._tcp.xmpp.montague.example", DnsType.Tlsa, Stop);
        Assert.True(certificates.IsSecure);
        Assert.Equal(
            [(2, 0, 2, 64), (3, 1, 1, 32)],
            certificates.Records.Cast<TlsaRecord>().Select(tlsa => ((int)tlsa.Usage, (int)tlsa.Selector, (int)tlsa.Matching, tlsa.Data.Length)).Order());
    }

    [Fact]
    public async Task That_there_is_nothing_is_secure_too()
    {
        _zone.Records[("xmpp.montague.example", DnsType.A)] = [[192, 0, 2, 1]];
        var answer = await _resolver.QueryAsync("xmpp.montague.example", DnsType.Tlsa, Stop);
        Assert.Equal((DnsOutcome.NoData, true, true), (answer.Outcome, answer.IsSecure, answer.IsValidated));
    }

    [Fact]
    public async Task What_was_changed_is_no_answer()
    {
        _zone.Records[("xmpp.montague.example", DnsType.A)] = [[192, 0, 2, 1]];
        _zone.Forged.Add("xmpp.montague.example");
        var answer = await _resolver.QueryAsync("xmpp.montague.example", DnsType.A, Stop);
        Assert.Equal((DnsOutcome.Failed, false, true), (answer.Outcome, answer.IsSecure, answer.IsValidated));
        Assert.Contains("DNSSEC", answer.Failure);
    }

    [Theory]
    [InlineData("www.verona.xmpp", true)]
    [InlineData("nowhere.xmpp", false)]
    public async Task Outside_of_what_is_trusted_nothing_is_secure(string name, bool isThere)
    {
        _zone.Records[("www.verona.xmpp", DnsType.A)] = [[192, 0, 2, 3]];
        var answer = await _resolver.QueryAsync(name, DnsType.A, Stop);
        Assert.Equal((isThere ? DnsOutcome.Found : DnsOutcome.NoName, false, true), (answer.Outcome, answer.IsSecure, answer.IsValidated));
    }

    [Fact]
    public async Task Many_may_ask_at_once_and_who_has_no_time_any_more_goes()
    {
        for (var i = 0; i < 200; i++)
            _zone.Records[($"h{i}.example", DnsType.A)] = [[192, 0, 2, (byte)i]];
        _zone.Silent.Add("later.example");
        using var impatient = new CancellationTokenSource();
        var given = _resolver.QueryAsync("later.example", DnsType.A, impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await given);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200)
            .Select(i => _resolver.QueryAsync($"h{i}.example", DnsType.A, Stop).AsTask()));
        for (var i = 0; i < 200; i++)
            Assert.Equal($"192.0.2.{i}", Assert.IsType<AddressRecord>(Assert.Single(answers[i].Records)).Address.ToString());
    }

    [Fact]
    public async Task After_its_end_it_answers_that()
    {
        _resolver.Dispose();
        Assert.Equal(DnsOutcome.Failed, (await _resolver.QueryAsync("a.example", DnsType.A, Stop)).Outcome);
    }
}
