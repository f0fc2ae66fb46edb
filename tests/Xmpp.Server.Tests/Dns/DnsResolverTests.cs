using Xmpp.Server.Dns;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Dns;

/// <summary>The stub resolver against a server that answers what the test says.</summary>
public sealed class DnsResolverTests : IDisposable
{
    private readonly AuthoritativeServer _server = new();
    private readonly ManualTime _time = new();
    private readonly DnsResolver _resolver;
    private readonly CancellationTokenSource _patience = new(TestClient.Patience);

    public DnsResolverTests() => _resolver = new(() => [_server.EndPoint], _time);

    private CancellationToken Stop => _patience.Token;

    public void Dispose()
    {
        _server.Dispose();
        _patience.Dispose();
    }

    [Fact]
    public async Task Services_and_addresses_are_found()
    {
        _server.Answer = (question, _) => question.Type switch
        {
            DnsType.Srv => question.Reply(Question.Service(10, 5, 5269, "XMPP.example.org"), Question.Service(20, 0, 5270, "")),
            DnsType.Aaaa => question.Reply(Question.Address("2001:db8::1")),
            _ => question.Reply(Question.Address("192.0.2.1"), Question.Address("192.0.2.2")),
        };
        var services = await _resolver.QueryAsync("_xmpp-server._tcp.Example.org", DnsType.Srv, Stop);
        Assert.Equal(
            [("xmpp.example.org", 10, 5, 5269), ("", 20, 0, 5270)],
            services.Records.Cast<ServiceRecord>().Select(record => (record.Target, (int)record.Priority, (int)record.Weight, (int)record.Port)));
        Assert.Equal(["192.0.2.1", "192.0.2.2"], await AddressesAsync("a.example", DnsType.A));
        Assert.Equal(["2001:db8::1"], await AddressesAsync("a.example", DnsType.Aaaa));
    }

    [Fact]
    public async Task Answers_are_kept_as_long_as_they_say()
    {
        _server.Answer = (question, _) => question.Reply(Question.Address("192.0.2.1", timeToLive: 30));
        await AddressesAsync("a.example", DnsType.A);
        _time.Advance(TimeSpan.FromSeconds(29));
        await AddressesAsync("a.example", DnsType.A);
        Assert.Single(_server.Asked);
        _time.Advance(TimeSpan.FromSeconds(2));
        await AddressesAsync("A.EXAMPLE", DnsType.A);
        Assert.Equal(2, _server.Asked.Count);
    }

    [Theory]
    [InlineData(3, "NoName")]
    [InlineData(0, "NoData")]
    public async Task That_there_is_nothing_is_kept_too(int code, string outcome)
    {
        _server.Answer = (question, _) => question.Reply(code, [], Question.Authority(minimum: 20));
        Assert.Equal(outcome, (await _resolver.QueryAsync("a.example", DnsType.A, Stop)).Outcome.ToString());
        await _resolver.QueryAsync("a.example", DnsType.A, Stop);
        Assert.Single(_server.Asked);
        _time.Advance(TimeSpan.FromSeconds(21));
        await _resolver.QueryAsync("a.example", DnsType.A, Stop);
        Assert.Equal(2, _server.Asked.Count);
    }

    [Fact]
    public async Task Who_says_nothing_about_how_long_nothing_is_there_is_asked_again()
    {
        _server.Answer = (question, _) => question.Reply(3, []);
        await _resolver.QueryAsync("a.example", DnsType.A, Stop);
        await _resolver.QueryAsync("a.example", DnsType.A, Stop);
        Assert.Equal(2, _server.Asked.Count);
    }

    [Fact]
    public async Task Aliases_are_followed_within_an_answer_and_beyond()
    {
        _server.Answer = (question, _) => question.Name switch
        {
            "a.example" => question.Reply(Question.Alias("b.example"), Question.Alias("c.example", owner: "b.example")),
            "c.example" => question.Reply(Question.Address("192.0.2.7")),
            _ => question.Reply(3, []),
        };
        Assert.Equal(["192.0.2.7"], await AddressesAsync("a.example", DnsType.A));
    }

    [Fact]
    public async Task Aliases_in_a_circle_end()
    {
        _server.Answer = (question, _) => question.Reply(Question.Alias(question.Name == "a.example" ? "b.example" : "a.example"));
        Assert.Equal(DnsOutcome.Failed, (await _resolver.QueryAsync("a.example", DnsType.A, Stop)).Outcome);
    }

    [Fact]
    public async Task Records_that_nobody_asked_for_do_not_count()
    {
        _server.Answer = (question, _) => question.Reply(Question.Address("192.0.2.66", owner: "other.example"));
        Assert.Equal(DnsOutcome.NoData, (await _resolver.QueryAsync("a.example", DnsType.A, Stop)).Outcome);
    }

    [Fact]
    public async Task What_does_not_fit_comes_by_tcp()
    {
        var records = Enumerable.Range(1, 200).Select(i => Question.Address($"192.0.2.{i}")).ToArray();
        _server.Answer = (question, isTcp) => isTcp ? question.Reply(records) : question.Reply(0, [], isTruncated: true);
        Assert.Equal(200, (await AddressesAsync("a.example", DnsType.A)).Count());
    }

    [Fact]
    public async Task Answers_to_other_questions_are_not_believed()
    {
        _server.Answer = (question, _) => (question with { Id = (ushort)(question.Id + 1) }).Reply(Question.Address("192.0.2.66"));
        var asking = _resolver.QueryAsync("a.example", DnsType.A, Stop).AsTask();
        await UntilAsked(1);
        _server.Answer = (question, _) =>
            (question with { Section = [.. Question.Encode("b.example"), 0, 1, 0, 1] }).Reply(Question.Address("192.0.2.66"));
        _time.Advance(DnsResolver.Patience);
        await UntilAsked(2);
        _time.Advance(DnsResolver.Patience);
        Assert.Equal(DnsOutcome.Failed, (await asking).Outcome);
    }

    [Fact]
    public async Task Ids_and_ports_are_new_for_each_question()
    {
        _server.Answer = (question, _) => question.Reply(Question.Address("192.0.2.1", timeToLive: 0));
        for (var i = 0; i < 20; i++)
            await AddressesAsync("a.example", DnsType.A);
        Assert.True(_server.Asked.Select(question => question.Id).Distinct().Count() >= 18);
        Assert.True(_server.Ports.Distinct().Count() >= 15);
    }

    [Fact]
    public async Task When_one_server_is_silent_the_next_one_is_asked()
    {
        using var other = new AuthoritativeServer();
        other.Answer = (question, _) => question.Reply(Question.Address("192.0.2.1"));
        var resolver = new DnsResolver(() => [_server.EndPoint, other.EndPoint], _time);
        var asking = resolver.QueryAsync("a.example", DnsType.A, Stop).AsTask();
        await UntilAsked(1);
        _time.Advance(DnsResolver.Patience);
        Assert.Equal(DnsOutcome.Found, (await asking).Outcome);
    }

    [Fact]
    public async Task A_server_that_fails_is_asked_twice_and_named()
    {
        _server.Answer = (question, _) => question.Reply(2, []);
        var answer = await _resolver.QueryAsync("a.example", DnsType.A, Stop);
        Assert.Equal((DnsOutcome.Failed, 2), (answer.Outcome, _server.Asked.Count));
        Assert.Contains(_server.EndPoint.ToString(), answer.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_from_before_EDNS_are_asked_without()
    {
        _server.Answer = (question, _) => question.IsExtended ? question.Reply(1, []) : question.Reply(Question.Address("192.0.2.1"));
        Assert.Equal(["192.0.2.1"], await AddressesAsync("a.example", DnsType.A));
    }

    [Fact]
    public async Task Who_asks_the_same_at_the_same_time_gets_the_same_answer()
    {
        var asking = Enumerable.Range(0, 50).Select(_ => _resolver.QueryAsync("a.example", DnsType.A, Stop).AsTask()).ToList();
        await UntilAsked(1);
        _server.Answer = (question, _) => question.Reply(Question.Address("192.0.2.1"));
        _time.Advance(DnsResolver.Patience);
        await Task.WhenAll(asking);
        Assert.Equal(2, _server.Asked.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..example")]
    [InlineData("exämple")]
    [InlineData("a-label-that-has-more-than-the-sixty-three-octets-that-the-dns-lets-it-have.example")]
    public async Task What_is_no_name_is_not_asked_for(string name)
    {
        Assert.Equal(DnsOutcome.NoName, (await _resolver.QueryAsync(name, DnsType.A, Stop)).Outcome);
        Assert.Empty(_server.Asked);
    }

    [Theory]
    [InlineData("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", "192.0.2.1:53 [2001:db8::1]:53")]
    [InlineData("# a comment\nsearch example.org\nnameserver\t192.0.2.1  # one\n", "192.0.2.1:53")]
    [InlineData("nameserver x\n", "127.0.0.1:53")]
    [InlineData("", "127.0.0.1:53")]
    public void The_system_s_servers_are_read(string file, string servers) =>
        Assert.Equal(servers, string.Join(' ', ResolverConfiguration.Parse(file)));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1:53")]
    [InlineData("192.0.2.1:5353", "192.0.2.1:5353")]
    [InlineData("2001:db8::1", "[2001:db8::1]:53")]
    [InlineData("[2001:db8::1]:5353", "[2001:db8::1]:5353")]
    [InlineData("dns.example.org", null)]
    public void Servers_can_be_configured(string text, string? server) =>
        Assert.Equal(server, ResolverConfiguration.ParseServer(text)?.ToString());

    private async Task<IEnumerable<string>> AddressesAsync(string name, DnsType type) =>
        (await _resolver.QueryAsync(name, type, Stop)).Records.Cast<AddressRecord>().Select(record => record.Address.ToString());

    /// <summary>Also until whoever has asked waits for the answer.</summary>
    private Task UntilAsked(int count) => Eventually.UntilAsync(() => _server.Asked.Count >= count);
}
