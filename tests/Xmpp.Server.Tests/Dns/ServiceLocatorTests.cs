using System.Net;
using System.Net.Sockets;
using Xmpp.Server.Dns;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Dns;

/// <summary>Where servers are (RFC 6120 §3.2, RFC 2782, XEP-0368), and how one of several addresses is chosen (RFC 8305).</summary>
public sealed class ServiceLocatorTests
{
    private readonly ManualTime _time = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Priorities_come_in_order_and_weights_are_odds()
    {
        var records = new[] { Service(20, 1, "late"), Service(10, 0, "seldom"), Service(10, 30, "some"), Service(10, 70, "most") };
        var seen = new Dictionary<string, int>();
        for (var number = 0; number <= 100; number++)
        {
            var order = ServiceOrder.Of(records, most => Math.Min(number, most));
            Assert.Equal("late", order[3].Host);
            seen[order[0].Host] = seen.GetValueOrDefault(order[0].Host) + 1;
        }
        Assert.Equal((1, 30, 70), (seen["seldom"], seen["some"], seen["most"]));
    }

    [Fact]
    public async Task Both_kinds_of_records_are_mixed()
    {
        var resolver = new Answers
        {
            ["_xmpps-server._tcp.example.org", DnsType.Srv] = [Record(10, "direct", 443)],
            ["_xmpp-server._tcp.example.org", DnsType.Srv] = [Record(5, "first", 5269), Record(15, "last", 5269)],
        };
        Assert.Equal(
            [new("first", 5269, false), new("direct", 443, true), new("last", 5269, false)],
            (await new ServiceLocator(resolver, _time).LocateAsync("example.org", Stop)).Targets);
    }

    [Theory]
    [InlineData("example.org", "example.org")]
    [InlineData("exämple.org", "xn--exmple-cua.org")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    public async Task Without_records_the_domain_itself_is_the_server(string domain, string host) => Assert.Equal(
        [new(host, 5269, false)], (await new ServiceLocator(new Answers(), _time).LocateAsync(domain, Stop)).Targets);

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Who_says_that_there_is_no_service_is_not_looked_for(bool direct, bool usual)
    {
        var resolver = new Answers();
        if (direct)
            resolver["_xmpps-server._tcp.example.org", DnsType.Srv] = [Record(0, "", 0)];
        if (usual)
            resolver["_xmpp-server._tcp.example.org", DnsType.Srv] = [Record(0, "", 0)];
        var location = await new ServiceLocator(resolver, _time).LocateAsync("example.org", Stop);
        Assert.Empty(location.Targets);
        Assert.False(location.IsUnknown);
    }

    [Fact]
    public async Task Addresses_of_both_families_take_turns()
    {
        var resolver = new Answers
        {
            ["a.example", DnsType.A] = [Address("192.0.2.1"), Address("192.0.2.2"), Address("192.0.2.3")],
            ["a.example", DnsType.Aaaa] = [Address("2001:db8::1")],
        };
        var (addresses, _) = await new ServiceLocator(resolver, _time).FindAddressesAsync("a.example", Stop);
        Assert.Equal(
            Socket.OSSupportsIPv6 ? ["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"] : ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
            addresses.Select(address => address.ToString()));
    }

    [Fact]
    public async Task An_address_that_refuses_makes_way_for_the_next_one_at_once()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.1"), 0));
        listener.Listen();
        var tried = new List<string>();
        var connected = await new Connector(_time).ConnectAsync(
            [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.1")], ((IPEndPoint)listener.LocalEndPoint!).Port,
            (endPoint, _) => tried.Add(endPoint.Address.ToString()), Stop);
        using var socket = connected!.Value.Socket;
        Assert.Equal(listener.LocalEndPoint, connected.Value.EndPoint);
        Assert.Equal(["127.0.0.2"], tried);
    }

    [Fact]
    public async Task When_nobody_listens_there_is_no_connection()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var tried = new List<string>();
        Assert.Null(await new Connector(_time).ConnectAsync(
            [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")], ((IPEndPoint)taken.LocalEndPoint!).Port,
            (endPoint, _) => tried.Add(endPoint.Address.ToString()), Stop));
        Assert.Equal(["127.0.0.2", "127.0.0.3"], tried);
    }

    private static (ServiceRecord, bool) Service(ushort priority, ushort weight, string target) =>
        (new("", 60, priority, weight, 5269, target), false);

    private static ServiceRecord Record(ushort priority, string target, ushort port) => new("", 60, priority, 0, port, target);

    private static AddressRecord Address(string address) => new("a.example", 60, IPAddress.Parse(address));

    private sealed class Answers : IDnsResolver
    {
        private readonly Dictionary<(string, DnsType), IReadOnlyList<DnsRecord>> _records = [];

        public IReadOnlyList<DnsRecord> this[string name, DnsType type]
        {
            set => _records[(name, type)] = value;
        }

        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancellationToken) =>
            new(_records.TryGetValue((name, type), out var records) ? new DnsAnswer(DnsOutcome.Found, records) : new DnsAnswer(DnsOutcome.NoName, []));
    }
}
