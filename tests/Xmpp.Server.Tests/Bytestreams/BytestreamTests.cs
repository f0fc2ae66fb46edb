using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Bytestreams;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Bytestreams;

/// <summary>The proxy for SOCKS5 bytestreams (XEP-0065), by sockets of its own.</summary>
public sealed class BytestreamTests
{
    private const string Ns = "http://jabber.org/protocol/bytestreams";
    private const string Sid = "vxf9n471bn46";
    private const string Target = "target@example.org/bar";

    private static readonly BytestreamOptions Open = new() { Enabled = true, Address = IPAddress.Loopback, Port = 0 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_bytestream_is_named_by_its_id_and_both_addresses() =>
        // sha1sum of "vxf9n471bn46requester@example.com/footarget@example.org/bar"
        Assert.Equal(
            "98b8d688d0f5d895fd41c5e7309a2e9e33ba32ff", BytestreamName.Of(Sid, Jid.Parse("requester@example.com/foo"), Jid.Parse(Target)));

    [Fact]
    public async Task The_proxy_is_discovered_and_says_where_it_is()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync("<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
        var items = await romeo.ReadAsync();
        Assert.Contains("proxy.localhost", items.Elements.Single().Elements.Select(item => item["jid"]));
        await romeo.SendAsync("<iq type='get' id='2' to='proxy.localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        var info = (await romeo.ReadAsync()).Elements.Single();
        var identity = info.Elements.First();
        Assert.Equal(("proxy", "bytestreams"), (identity["category"], identity["type"]));
        Assert.Contains(Ns, info.Elements.Select(feature => feature["var"]));

        // §4.
        await romeo.SendAsync($"<iq type='get' id='3' to='proxy.localhost'><query xmlns='{Ns}'/></iq>");
        await romeo.ExpectAsync(
            $"<iq type='result' id='3' from='proxy.localhost' to='{romeo.Jid}'><query xmlns='{Ns}'>"
            + $"<streamhost host='localhost' jid='proxy.localhost' port='{PortOf(server)}'/></query></iq>");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_each_sends_the_other_gets_once_it_is_activated(bool isBare)
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        // §6.3.2: the names that were used to arrange it.
        var name = NameOf(isBare ? romeo.Jid.Bare : romeo.Jid);
        using var target = await JoinAsync(server, name);
        using var requester = await JoinAsync(server, name.ToUpperInvariant());

        await ActivateAsync(romeo);
        await romeo.ExpectAsync($"<iq type='result' id='a' from='proxy.localhost' to='{romeo.Jid}'/>");

        var file = RandomNumberGenerator.GetBytes(3_000_000);
        var sending = SendAsync(requester, file);
        Assert.Equal(file, await ReceiveAsync(target, file.Length));
        await sending;
        await SendAsync(target, "thanks"u8.ToArray());
        Assert.Equal("thanks"u8.ToArray(), await ReceiveAsync(requester, 6));
        requester.Shutdown(SocketShutdown.Send);
        await ExpectEndAsync(target);
        // The other direction has an end of its own.
        await SendAsync(target, "bye"u8.ToArray());
        Assert.Equal("bye"u8.ToArray(), await ReceiveAsync(requester, 3));
        target.Shutdown(SocketShutdown.Send);
        await ExpectEndAsync(requester);
    }

    [Fact]
    public async Task What_comes_before_it_is_activated_is_ignored()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        using var target = await JoinAsync(server, NameOf(romeo.Jid));
        using var requester = await JoinAsync(server, NameOf(romeo.Jid));
        await SendAsync(requester, "early"u8.ToArray());

        await ActivateAsync(romeo);
        await romeo.ExpectAsync($"<iq type='result' id='a' from='proxy.localhost' to='{romeo.Jid}'/>");
        await SendAsync(requester, "late"u8.ToArray());

        Assert.Equal("late"u8.ToArray(), await ReceiveAsync(target, 4));
    }

    [Fact]
    public async Task It_is_not_activated_without_both()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await ActivateAsync(romeo);
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
        using var target = await JoinAsync(server, NameOf(romeo.Jid));
        await ActivateAsync(romeo);
        await romeo.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);

        // Somebody else's is not his to activate.
        using var requester = await JoinAsync(server, NameOf(romeo.Jid));
        var tybalt = await server.LoginAsync("tybalt", "street");
        await ActivateAsync(tybalt);
        await tybalt.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Theory]
    [InlineData("<activate>target@example.org/bar</activate>", "", StanzaErrorCondition.BadRequest)]
    [InlineData("", " sid='1'", StanzaErrorCondition.BadRequest)]
    [InlineData("<activate>@</activate>", " sid='1'", StanzaErrorCondition.BadRequest)]
    public async Task A_request_names_a_bytestream_and_a_target(string content, string attributes, StanzaErrorCondition condition)
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");

        await romeo.SendAsync($"<iq type='set' id='a' to='proxy.localhost'><query xmlns='{Ns}'{attributes}>{content}</query></iq>");

        await romeo.ExpectErrorAsync(condition);
    }

    [Fact]
    public async Task It_is_for_accounts_of_its_host()
    {
        await using var server = await StartAsync();
        var benvolio = await server.LoginAsync("benvolio@other.example", "street");

        await benvolio.SendAsync($"<iq type='get' id='1' to='proxy.localhost'><query xmlns='{Ns}'/></iq>");
        await benvolio.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
        await ActivateAsync(benvolio);
        await benvolio.ExpectErrorAsync(StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task A_third_is_not_let_in()
    {
        await using var server = await StartAsync();
        var name = BytestreamName.Of(Sid, Jid.Parse("romeo@localhost/orchard"), Jid.Parse(Target));
        using var target = await JoinAsync(server, name);
        using var requester = await JoinAsync(server, name);

        using var third = await ConnectAsync(server);
        Assert.Equal(Reply(Socks5Reply.NotAllowed, name), await AskAsync(third, Request(name)));
        await ExpectEndAsync(third);
    }

    [Fact]
    public async Task An_account_has_so_many_at_the_same_time()
    {
        await using var server = await StartAsync(options => options with { PerAccount = 1 });
        var romeo = await server.LoginAsync("romeo", "orchard");
        var (first, second) = (NameOf(romeo.Jid), BytestreamName.Of("2", romeo.Jid, Jid.Parse(Target)));
        using var target = await JoinAsync(server, first);
        using var requester = await JoinAsync(server, first);
        await ActivateAsync(romeo);
        await romeo.ReadAsync();

        using var other = await JoinAsync(server, second);
        using var another = await JoinAsync(server, second);
        await ActivateAsync(romeo, "2");
        await romeo.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
    }

    [Fact]
    public async Task An_address_has_so_many_connections()
    {
        await using var server = await StartAsync(options => options with { ConnectionsPerAddress = 2 });
        var name = NameOf(Jid.Parse("romeo@localhost/orchard"));
        using var first = await JoinAsync(server, name);
        using var second = await JoinAsync(server, name);

        using (var third = await ConnectAsync(server))
            await ExpectEndAsync(third);
        // Those of another address.
        using var elsewhere = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        elsewhere.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await elsewhere.ConnectAsync(IPAddress.Loopback, PortOf(server), Cancellation);
        await SendAsync(elsewhere, [5, 1, 0]);
        Assert.Equal([5, 0], await ReceiveAsync(elsewhere, 2));
        // Who ends one may have another, as soon as the proxy knows.
        second.Dispose();
        server.Time.Advance(TimeSpan.FromSeconds(61));
        await ExpectEndAsync(first);
        await ExpectEndAsync(elsewhere);
        using var later = await JoinAsync(server, name);
    }

    [Theory]
    [InlineData(new byte[] { 5, 1, 2 }, new byte[] { 5, 0xFF })]
    [InlineData(new byte[] { 5, 0 }, new byte[] { 5, 0xFF })]
    [InlineData(new byte[] { 4, 1 }, new byte[0])]
    public async Task A_client_has_to_do_without_authentication(byte[] greeting, byte[] answer)
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);

        await SendAsync(client, greeting);

        Assert.Equal(answer, await ReceiveAsync(client, answer.Length));
        await ExpectEndAsync(client);
    }

    [Theory]
    // Another command than CONNECT, an address, and a name that is no hash.
    [InlineData(new byte[] { 5, 3, 0, 3, 1 }, new byte[] { 5, 7, 0, 3, 0, 0, 0 })]
    [InlineData(new byte[] { 5, 1, 0, 1, 127 }, new byte[] { 5, 8, 0, 3, 0, 0, 0 })]
    [InlineData(new byte[] { 5, 1, 0, 3, 1, 97, 0, 80 }, new byte[] { 5, 2, 0, 3, 1, 97, 0, 80 })]
    public async Task It_connects_to_nothing_but_bytestreams(byte[] request, byte[] answer)
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);

        Assert.Equal(answer, await AskAsync(client, request, answer.Length));
        await ExpectEndAsync(client);
    }

    [Fact]
    public async Task Nobody_waits_for_ever()
    {
        await using var server = await StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        using var alone = await JoinAsync(server, NameOf(romeo.Jid));
        server.Time.Advance(TimeSpan.FromSeconds(61));
        await ExpectEndAsync(alone);

        using var target = await JoinAsync(server, NameOf(romeo.Jid));
        using var requester = await JoinAsync(server, NameOf(romeo.Jid));
        await ActivateAsync(romeo);
        await romeo.ReadAsync();
        server.Time.Advance(TimeSpan.FromSeconds(301));
        await ExpectEndAsync(target);
        await ExpectEndAsync(requester);
    }

    [Fact]
    public async Task A_reload_opens_and_closes_it()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.LoginAsync("romeo", "orchard");
        Assert.Null(server.Server.Context.Bytestreams.EndPoint);

        await server.ReloadAsync(options => With(options, Open));
        await romeo.SendAsync($"<iq type='get' id='2' to='proxy.localhost'><query xmlns='{Ns}'/></iq>");
        Assert.Equal("result", (await romeo.ReadAsync())["type"]);

        await server.ReloadAsync(options => With(options, new BytestreamOptions()));
        Assert.Null(server.Server.Context.Bytestreams.EndPoint);
    }

    private static ServerOptions With(ServerOptions options, BytestreamOptions bytestreams) =>
        options with { Modules = options.Modules with { Bytestreams = bytestreams } };

    private static Task<TestServer> StartAsync(Func<BytestreamOptions, BytestreamOptions>? configure = null)
    {
        return TestServer.StartAsync(options =>
            With(options with { Hosts = ["localhost", "other.example"] }, configure?.Invoke(Open) ?? Open));
    }

    private static int PortOf(TestServer server) => server.Server.Context.Bytestreams.EndPoint!.Port;

    private static string NameOf(Jid requester) => BytestreamName.Of(Sid, requester, Jid.Parse(Target));

    private static ValueTask ActivateAsync(TestClient requester, string sid = Sid) => requester.SendAsync(
        $"<iq type='set' id='a' to='proxy.localhost'><query xmlns='{Ns}' sid='{sid}'><activate>{Target}</activate></query></iq>");

    private static async Task<Socket> ConnectAsync(TestServer server)
    {
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, PortOf(server), Cancellation);
        return client;
    }

    /// <summary>A client that waits for the bytestream of this name.</summary>
    private static async Task<Socket> JoinAsync(TestServer server, string name)
    {
        var client = await ConnectAsync(server);
        Assert.Equal(Reply(Socks5Reply.Succeeded, name), await AskAsync(client, Request(name)));
        return client;
    }

    private static byte[] Request(string name) => [5, 1, 0, 3, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), 0, 0];

    /// <summary>§6.3.2: with the address and the port of the request.</summary>
    private static byte[] Reply(Socks5Reply reply, string name) =>
        [5, (byte)reply, 0, 3, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), 0, 0];

    private static async Task<byte[]> AskAsync(Socket client, byte[] request, int? answerLength = null)
    {
        await SendAsync(client, [5, 2, 2, 0]);
        Assert.Equal(new byte[] { 5, 0 }, await ReceiveAsync(client, 2));
        await SendAsync(client, request);
        return await ReceiveAsync(client, answerLength ?? request.Length);
    }

    private static async Task SendAsync(Socket client, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
            sent += await client.SendAsync(bytes.AsMemory(sent), Cancellation);
    }

    private static async Task<byte[]> ReceiveAsync(Socket client, int length)
    {
        var bytes = new byte[length];
        for (var received = 0; received < length;)
        {
            var count = await ReceiveAsync(client, bytes.AsMemory(received));
            Assert.NotEqual(0, count);
            received += count;
        }
        return bytes;
    }

    private static async Task ExpectEndAsync(Socket client)
    {
        Assert.Equal(0, await ReceiveAsync(client, new byte[1].AsMemory()));
    }

    private static Task<int> ReceiveAsync(Socket client, Memory<byte> buffer) =>
        client.ReceiveAsync(buffer, Cancellation).AsTask().WaitAsync(TestClient.Patience, Cancellation);
}
