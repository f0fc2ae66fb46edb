using System.Security.Cryptography.X509Certificates;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Federation;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>What another server says on a stream that it makes, word for word.</summary>
public sealed class IncomingStreamTests : IDisposable
{
    private const string Local = "capulet.example";
    private const string Remote = "montague.example";
    private const string External = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>bW9udGFndWUuZXhhbXBsZQ==</auth>";

    private readonly TestNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Fact]
    public async Task TLS_comes_first_then_EXTERNAL_then_stanzas()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var peer = server.ConnectServer(_network.CertificateOf(Remote));
        var features = await peer.OpenServerAsync(Remote, Local);
        Assert.Equal((Local, Remote, Namespaces.Server, "1.0"),
            (peer.ServerHeader!.From, peer.ServerHeader.To, peer.ServerHeader.ContentNamespace, peer.ServerHeader.Version));
        Assert.NotEmpty(peer.ServerHeader.Id!);
        Assert.Equal(
            new Element(Namespaces.Stream, "features", new Element(Namespaces.Tls, "starttls", new Element(Namespaces.Tls, "required"))), features);
        await StartTlsAsync(peer);
        features = await peer.OpenServerAsync(Remote, Local);
        Assert.Equal("EXTERNAL", features.Child(Namespaces.Sasl, "mechanisms")?.Elements.Single().Text);
        Assert.NotNull(features.Child("urn:xmpp:features:dialback", "dialback")?.Child("urn:xmpp:features:dialback", "errors"));
        await peer.SendAsync(External);
        await peer.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        features = await peer.OpenServerAsync(Remote, Local);
        Assert.Null(features.Child(Namespaces.Sasl, "mechanisms"));

        await peer.SendAsync($"<message from='romeo@{Remote}/x' to='{juliet.Jid}' id='1'><body>1</body></message>");
        await juliet.ExpectAsync($"<message from='romeo@{Remote}/x' to='{juliet.Jid}' id='1'><body>1</body></message>");
        await peer.SendAsync("</stream:stream>");
        await peer.ExpectEndAsync();
        Assert.Empty(server.Server.Context.Federation.Incoming);
    }

    [Theory]
    [InlineData("from='montague.example' to='nobody.example' version='1.0'", StreamErrorCondition.HostUnknown)]
    [InlineData("from='romeo@montague.example' to='capulet.example' version='1.0'", StreamErrorCondition.InvalidFrom)]
    [InlineData("from='capulet.example' to='capulet.example' version='1.0'", StreamErrorCondition.InvalidFrom)]
    [InlineData("from='conference.capulet.example' to='capulet.example' version='1.0'", StreamErrorCondition.InvalidFrom)]
    [InlineData("from='denied.example' to='capulet.example' version='1.0'", StreamErrorCondition.PolicyViolation)]
    [InlineData("from='montague.example' to='capulet.example'", StreamErrorCondition.UnsupportedVersion)]
    public async Task A_header_that_is_wrong_is_answered_by_a_header_and_an_error(string attributes, StreamErrorCondition condition)
    {
        await using var server = await _network.StartAsync(
            Local, options => options with { S2s = options.S2s with { Deny = ["denied.example"] } });
        var peer = server.ConnectServer(_network.CertificateOf(Remote));
        await peer.ExpectStreamErrorAsync(condition, await peer.OpenWithAsync(attributes, Namespaces.Server));
    }

    [Fact]
    public async Task Clients_are_not_served_here()
    {
        await using var server = await _network.StartAsync(Local);
        var peer = server.ConnectServer(null);
        await peer.ExpectStreamErrorAsync(
            StreamErrorCondition.InvalidNamespace, await peer.OpenWithAsync($"to='{Local}' version='1.0'", Namespaces.Client));
    }

    [Theory]
    [InlineData("<message to='juliet@capulet.example/balcony'/>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<message from='romeo@montague.example'/>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<message from='' to='juliet@capulet.example'/>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<message from='romeo@montague.example' to='@'/>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<message from='mercutio@verona.example' to='juliet@capulet.example'/>", StreamErrorCondition.InvalidFrom)]
    [InlineData("<message from='romeo@sub.montague.example' to='juliet@capulet.example'/>", StreamErrorCondition.InvalidFrom)]
    [InlineData("<message from='tybalt@capulet.example' to='juliet@capulet.example'/>", StreamErrorCondition.InvalidFrom)]
    [InlineData("<message from='romeo@montague.example' to='x@elsewhere.example'/>", StreamErrorCondition.HostUnknown)]
    [InlineData("<message from='romeo@montague.example' to='ball@conference.capulet.example'/>", StreamErrorCondition.HostUnknown)]
    [InlineData("<route from='montague.example' to='capulet.example'/>", StreamErrorCondition.UnsupportedStanzaType)]
    [InlineData("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", null)]
    public async Task What_a_server_may_not_send_ends_its_stream(string stanza, StreamErrorCondition? condition)
    {
        await using var server = await _network.StartAsync(Local);
        var peer = await LoginAsync(server);
        await peer.SendAsync(stanza);
        if (condition is { } error)
            await peer.ExpectStreamErrorAsync(error);
        else
            Assert.Equal("failure", (await peer.ReadAsync()).Name.Local);
    }

    [Fact]
    public async Task Nothing_goes_on_without_TLS()
    {
        await using var server = await _network.StartAsync(Local, AllowAll);
        var peer = server.ConnectServer(_network.CertificateOf(Remote));
        await peer.OpenServerAsync(Remote, Local);
        await peer.SendAsync(External);
        await peer.ExpectFailureAsync("encryption-required");
        await peer.SendAsync($"<db:result from='{Remote}' to='{Local}'>key</db:result>");
        await ExpectDialbackErrorAsync(peer, Remote, StanzaErrorCondition.PolicyViolation);
        await peer.SendAsync($"<message from='romeo@{Remote}' to='juliet@{Local}'/>");
        await peer.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Fact]
    public async Task Bytes_behind_starttls_end_the_stream()
    {
        await using var server = await _network.StartAsync(Local);
        var peer = server.ConnectServer(_network.CertificateOf(Remote));
        await peer.OpenServerAsync(Remote, Local);
        await peer.SendAsync($"<starttls xmlns='{Namespaces.Tls}'/><x/>");
        await peer.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
        await peer.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Theory]
    [InlineData("dmVyb25hLmV4YW1wbGU=", "invalid-authzid")]
    [InlineData("cm9tZW9AbW9udGFndWUuZXhhbXBsZQ==", "invalid-authzid")]
    [InlineData("?", "invalid-authzid")]
    [InlineData("", null)]
    [InlineData("=", null)]
    public async Task Nobody_is_who_it_does_not_say_it_is(string identity, string? failure)
    {
        await using var server = await _network.StartAsync(Local);
        var peer = await SecureAsync(server, _network.CertificateOf(Remote));
        await peer.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='EXTERNAL'>{identity}</auth>");
        if (failure is null)
            await peer.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        else
            await peer.ExpectFailureAsync(failure);
    }

    [Fact]
    public async Task Without_a_valid_certificate_EXTERNAL_is_not_offered_and_fails()
    {
        await using var server = await _network.StartAsync(Local);
        foreach (var certificate in new[] { null, _network.CertificateOf("verona.example") })
        {
            var peer = server.ConnectServer(certificate);
            await peer.OpenServerAsync(Remote, Local);
            await StartTlsAsync(peer);
            Assert.Null((await peer.OpenServerAsync(Remote, Local)).Child(Namespaces.Sasl, "mechanisms"));
            await peer.SendAsync(External);
            await peer.ExpectFailureAsync("not-authorized");
            await peer.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'>AGEAYg==</auth>");
            await peer.ExpectFailureAsync("invalid-mechanism");
            // By dialback it may not either: the operator has not let it.
            await peer.SendAsync($"<db:result from='{Remote}' to='{Local}'>key</db:result>");
            await ExpectDialbackErrorAsync(peer, Remote, StanzaErrorCondition.NotAuthorized);
            await peer.SendAsync(External);
            await peer.ExpectFailureAsync("not-authorized");
            await peer.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
        }
    }

    [Fact]
    public async Task Further_domains_are_authorised_one_by_one()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var peer = await LoginAsync(server);
        // The certificate is for what is below the domain, too: no key is looked at.
        await peer.SendAsync($"<db:result from='rooms.{Remote}' to='{Local}'>whatever</db:result>");
        Assert.Equal("valid", (await peer.ReadAsync())["type"]);
        await peer.SendAsync($"<message from='a@rooms.{Remote}' to='{juliet.Jid}' id='1'/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        await peer.SendAsync($"<db:result from='{Remote}' to='conference.{Local}'>whatever</db:result>");
        Assert.Equal("valid", (await peer.ReadAsync())["type"]);
        await peer.SendAsync($"<iq type='get' from='{Remote}' to='conference.{Local}' id='2'><ping xmlns='urn:x'/></iq>");
        await peer.SendAsync($"<db:result from='{Remote}' to='nobody.{Local}'>whatever</db:result>");
        var error = await peer.ReadAsync();
        Assert.Equal(("error", $"nobody.{Local}", StanzaErrorCondition.ItemNotFound),
            (error["type"], error["from"], StanzaError.Parse(AsStanza(error))!.Condition));
        await peer.SendAsync($"<db:result from='verona.example' to='{Local}'>whatever</db:result>");
        await ExpectDialbackErrorAsync(peer, "verona.example", StanzaErrorCondition.NotAuthorized);
        await peer.SendAsync($"<db:result from='{Local}' to='{Local}'>whatever</db:result>");
        await ExpectDialbackErrorAsync(peer, Local, StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task Keys_are_recognised()
    {
        await using var server = await _network.StartAsync(Local);
        var peer = await SecureAsync(server, certificate: null);
        var key = server.Server.Context.Federation.Keys.Create(Remote, Local, "stream-7");
        await peer.SendAsync($"<db:verify from='{Remote}' to='{Local}' id='stream-7'>{key}</db:verify>");
        await peer.ExpectAsync($"<verify xmlns='{Dialback.Ns}' from='{Local}' to='{Remote}' id='stream-7' type='valid'/>");
        await peer.SendAsync($"<db:verify from='{Remote}' to='{Local}' id='stream-8'>{key}</db:verify>");
        await peer.ExpectAsync($"<verify xmlns='{Dialback.Ns}' from='{Local}' to='{Remote}' id='stream-8' type='invalid'/>");
        await peer.SendAsync($"<db:verify from='{Remote}' to='nobody.example' id='stream-8'>{key}</db:verify>");
        var error = await peer.ReadAsync();
        Assert.Equal(("error", "nobody.example", "stream-8"), (error["type"], error["from"], error["id"]));
    }

    [Theory]
    [InlineData("<db:result from='montague.example' to='capulet.example' type='valid'/>", StreamErrorCondition.PolicyViolation)]
    [InlineData("<db:verify from='montague.example' to='capulet.example' id='1' type='valid'/>", StreamErrorCondition.PolicyViolation)]
    [InlineData("<db:result to='capulet.example'>1</db:result>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<db:result from='romeo@montague.example' to='capulet.example'>1</db:result>", StreamErrorCondition.ImproperAddressing)]
    [InlineData("<db:verify from='montague.example' to='capulet.example'>1</db:verify>", StreamErrorCondition.InvalidXml)]
    [InlineData("<db:other from='montague.example' to='capulet.example'>1</db:other>", StreamErrorCondition.UnsupportedStanzaType)]
    public async Task Dialback_that_answers_nothing_or_is_malformed_ends_the_stream(string element, StreamErrorCondition condition)
    {
        await using var server = await _network.StartAsync(Local, AllowAll);
        var peer = await SecureAsync(server, _network.CertificateOf(Remote));
        await peer.SendAsync(element);
        await peer.ExpectStreamErrorAsync(condition);
    }

    [Fact]
    public async Task A_key_that_the_domain_does_not_know_is_an_attack()
    {
        await using var server = await _network.StartAsync(Local, AllowAll);
        await using var montague = await _network.StartAsync(Remote);
        var peer = await SecureAsync(server, certificate: null);
        await peer.SendAsync($"<db:result from='{Remote}' to='{Local}'>made up</db:result>");
        await peer.ExpectAsync($"<result xmlns='{Dialback.Ns}' from='{Local}' to='{Remote}' type='invalid'/>");
        await peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_domain_that_can_not_be_found_is_no_proof()
    {
        await using var server = await _network.StartAsync(Local, AllowAll);
        var peer = await SecureAsync(server, certificate: null);
        await peer.SendAsync($"<db:result from='{Remote}' to='{Local}'>made up</db:result>");
        await ExpectDialbackErrorAsync(peer, Remote, StanzaErrorCondition.RemoteServerNotFound);
    }

    [Fact]
    public async Task One_domain_does_not_take_all_places()
    {
        await using var server = await _network.StartAsync(
            Local, options => options with { S2s = options.S2s with { StreamsPerDomain = 1 } });
        await LoginAsync(server);
        var second = await SecureAsync(server, _network.CertificateOf(Remote));
        await second.SendAsync(External);
        await second.ExpectStreamErrorAsync(StreamErrorCondition.ResourceConstraint);
    }

    [Fact]
    public async Task Who_does_not_get_on_is_not_waited_for()
    {
        await using var server = await _network.StartAsync(Local);
        var peer = server.ConnectServer(null);
        await peer.OpenServerAsync(Remote, Local);
        server.Time.Advance(server.Options.Limits.NegotiationTimeout + TimeSpan.FromSeconds(2));
        await peer.ExpectStreamErrorAsync(StreamErrorCondition.ConnectionTimeout);
    }

    [Fact]
    public async Task A_stanza_that_breaks_off_is_nobody_s()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var peer = await LoginAsync(server);
        await peer.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='1'/><message from='romeo@{Remote}' to='{juliet.Jid}'");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        peer.Drop();
        await peer.Served;
        await juliet.ExpectNothingFromAsync(juliet);
    }

    [Fact]
    public async Task Stanzas_that_were_handled_are_counted()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var peer = await SecureAsync(server, _network.CertificateOf(Remote));
        await peer.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        Assert.Equal("failed", (await peer.ReadAsync()).Name.Local);
        await peer.SendAsync(External);
        await peer.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        Assert.NotNull((await peer.OpenServerAsync(Remote, Local)).Child("urn:xmpp:sm:3", "sm"));
        await peer.SendAsync("<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>");
        Assert.Equal("failed", (await peer.ReadAsync()).Name.Local);
        await peer.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        await peer.ExpectAsync("<enabled xmlns='urn:xmpp:sm:3'/>");
        await peer.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        Assert.Equal("failed", (await peer.ReadAsync()).Name.Local);
        await peer.SendAsync(
            $"<message from='romeo@{Remote}' to='{juliet.Jid}' id='1'/><presence from='romeo@{Remote}' to='juliet@{Local}' type='probe'/>"
            + "<r xmlns='urn:xmpp:sm:3'/>");
        await peer.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='2'/>");
    }

    [Fact]
    public async Task A_stream_that_was_lost_is_gone_on_with()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var first = await LoginAsync(server);
        var id = await EnableAsync(first);
        await first.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='1'/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);

        // The server does not know yet that the first one is lost.
        var second = await LoginAsync(server);
        await second.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        await second.ExpectAsync($"<resumed xmlns='urn:xmpp:sm:3' previd='{id}' h='1'/>");
        await first.Served;
        await second.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='2'/><r xmlns='urn:xmpp:sm:3'/>");
        await second.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='2'/>");
        second.Drop();
        await second.Served;

        var third = await LoginAsync(server);
        await third.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        await third.ExpectAsync($"<resumed xmlns='urn:xmpp:sm:3' previd='{id}' h='2'/>");
        await third.SendAsync("</stream:stream>");
        await third.ExpectAsync("<a xmlns='urn:xmpp:sm:3' h='2'/>");
        await third.ExpectEndAsync();
        Assert.Equal(0, server.Server.Context.Federation.Sessions.Count);
    }

    [Fact]
    public async Task Messages_are_delivered_before_archives_have_them_and_acknowledged_after()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var first = await LoginAsync(server);
        var id = await EnableAsync(first);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Store.ArchiveHold = release.Task;
        await first.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' type='chat' id='1'><body>1</body></message>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        await first.SendAsync("<r xmlns='urn:xmpp:sm:3'/>");
        var asked = first.ReadOrEndAsync();
        await juliet.ExpectNothingFromAsync(juliet);
        Assert.False(asked.IsCompleted);

        var second = await LoginAsync(server);
        await second.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        var resumed = second.ReadAsync();
        await juliet.ExpectNothingFromAsync(juliet);
        Assert.False(resumed.IsCompleted);
        release.SetResult();
        Assert.Equal(("resumed", "1"), ((await resumed).Name.Local, (await resumed)["h"]));
    }

    [Theory]
    [InlineData("previd='{0}' h='1'", "handled-count-too-high")]
    [InlineData("previd='{0}'", "bad-request")]
    [InlineData("previd='{0}x' h='0'", "item-not-found")]
    [InlineData("h='0'", "bad-request")]
    public async Task Who_resumes_wrongly_is_told_so(string attributes, string condition)
    {
        await using var server = await _network.StartAsync(Local);
        var first = await LoginAsync(server);
        var id = await EnableAsync(first);
        var second = await LoginAsync(server);
        await second.SendAsync(
            $"<resume xmlns='urn:xmpp:sm:3' {attributes.Replace("{0}", id, StringComparison.Ordinal)}/>");
        Assert.Contains(condition, (await second.ReadAsync()).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_goes_on_with_the_stream_of_another_domain()
    {
        await using var server = await _network.StartAsync(Local);
        var first = await LoginAsync(server);
        var id = await EnableAsync(first);
        var other = server.ConnectServer(_network.CertificateOf("verona.example"));
        await other.OpenServerAsync("verona.example", Local);
        await StartTlsAsync(other);
        await other.OpenServerAsync("verona.example", Local);
        await other.SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='EXTERNAL'>=</auth>");
        await other.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await other.OpenServerAsync("verona.example", Local);
        await other.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        Assert.NotNull((await other.ReadAsync()).Child(Namespaces.StanzaErrors, "item-not-found"));
    }

    [Fact]
    public async Task A_lost_stream_can_not_be_gone_on_with_for_ever()
    {
        await using var server = await _network.StartAsync(Local);
        var first = await LoginAsync(server);
        var id = await EnableAsync(first);
        first.Drop();
        await first.Served;
        server.Time.Advance(server.Options.S2s.ResumeTime + TimeSpan.FromSeconds(2));
        var second = await LoginAsync(server);
        await second.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        Assert.NotNull((await second.ReadAsync()).Child(Namespaces.StanzaErrors, "item-not-found"));
    }

    [Fact]
    public async Task Streams_that_can_be_gone_on_with_are_no_more_than_a_domain_may_have()
    {
        await using var server = await _network.StartAsync(
            Local, options => options with { S2s = options.S2s with { StreamsPerDomain = 2 } });
        for (var i = 0; i < 5; i++)
        {
            var peer = await LoginAsync(server);
            await EnableAsync(peer);
            peer.Drop();
            await peer.Served;
        }
        Assert.InRange(server.Server.Context.Federation.Sessions.Count, 1, 2);
    }

    [Fact]
    public async Task What_the_operator_forbids_ends()
    {
        await using var server = await _network.StartAsync(Local);
        var peer = await LoginAsync(server);
        await server.ReloadAsync(options => options with { S2s = options.S2s with { Deny = [Remote] } });
        await peer.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    [Fact]
    public async Task What_the_operator_forbids_does_not_come_by_the_stream_of_another_domain_either()
    {
        await using var server = await _network.StartAsync(Local);
        var juliet = await server.LoginAsync($"juliet@{Local}", "balcony");
        var peer = await LoginAsync(server);
        await peer.SendAsync($"<db:result from='conference.{Remote}' to='{Local}'>key</db:result>");
        Assert.Equal("valid", (await peer.ReadAsync())["type"]);
        await server.ReloadAsync(options => options with { S2s = options.S2s with { Deny = [$"conference.{Remote}"] } });
        await peer.SendAsync($"<message from='romeo@{Remote}' to='{juliet.Jid}' id='1'/>");
        Assert.Equal("1", (await juliet.ReadAsync())["id"]);
        await peer.SendAsync($"<message from='ball@conference.{Remote}' to='{juliet.Jid}' id='2'/>");
        await peer.ExpectStreamErrorAsync(StreamErrorCondition.InvalidFrom);
    }

    private static ServerOptions AllowAll(ServerOptions options) =>
        options with { S2s = options.S2s with { Dialback = ["*"] } };

    private static Element AsStanza(Element dialback) => new(Namespaces.Client, "iq", dialback.Elements);

    private static async Task ExpectDialbackErrorAsync(TestClient peer, string from, StanzaErrorCondition condition)
    {
        var error = await peer.ReadAsync();
        Assert.Equal((Dialback.Ns, "result", "error", from), (error.Name.Namespace, error.Name.Local, error["type"], error["to"]));
        Assert.Equal(condition, StanzaError.Parse(AsStanza(error))!.Condition);
    }

    private static async Task StartTlsAsync(TestClient peer)
    {
        await peer.SendAsync($"<starttls xmlns='{Namespaces.Tls}'/>");
        await peer.ExpectAsync($"<proceed xmlns='{Namespaces.Tls}'/>");
    }

    private static async Task<TestClient> SecureAsync(TestServer server, X509Certificate2? certificate)
    {
        var peer = server.ConnectServer(certificate);
        await peer.OpenServerAsync(Remote, Local);
        await StartTlsAsync(peer);
        await peer.OpenServerAsync(Remote, Local);
        return peer;
    }

    private async Task<TestClient> LoginAsync(TestServer server)
    {
        var peer = server.ConnectServer(_network.CertificateOf(Remote));
        await peer.LoginServerAsync(Remote, Local);
        return peer;
    }

    /// <returns>By which the stream can be resumed.</returns>
    private static async Task<string> EnableAsync(TestClient peer)
    {
        await peer.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        var enabled = await peer.ReadAsync();
        Assert.Equal(("enabled", "true", "300"), (enabled.Name.Local, enabled["resume"], enabled["max"]));
        return enabled["id"]!;
    }
}
