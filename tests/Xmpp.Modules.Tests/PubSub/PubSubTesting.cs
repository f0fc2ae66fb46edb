using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.PubSub;

/// <summary>What tests of nodes do.</summary>
internal static class PubSubTesting
{
    public const string Service = "pubsub.localhost";
    public const string Ns = "http://jabber.org/protocol/pubsub";
    public const string OwnerNs = Ns + "#owner";
    public const string EventNs = Ns + "#event";
    public const string Tune = "http://jabber.org/protocol/tune";
    public const string Musings = "princely_musings";

    private static int _ids;

    public static Task<TestServer> StartAsync(Func<PubSubOptions, PubSubOptions>? configure = null) =>
        TestServer.StartAsync(options => configure is null ? options : options with
        {
            Modules = options.Modules with { PubSub = configure(options.Modules.PubSub) },
        });

    /// <summary>Asks and gives the answer; what comes before it is passed over, or put into a list.</summary>
    public static async Task<Element> AskAsync(
        this TestClient client, string type, string? to, string payload, List<Element>? passed = null)
    {
        var id = $"ask{Interlocked.Increment(ref _ids)}";
        await client.SendAsync($"<iq type='{type}' id='{id}'{(to is null ? "" : $" to='{to}'")}>{payload}</iq>");
        while (true)
        {
            var answer = await client.ReadAsync();
            if (answer["id"] == id)
                return answer;
            passed?.Add(answer);
        }
    }

    /// <summary>Asks something of the pubsub namespace, which has to succeed; gives what stands in the answer's <c>pubsub</c>, or null.</summary>
    public static async Task<Element?> DoAsync(
        this TestClient client, string type, string? to, string content, string ns = Ns, List<Element>? passed = null)
    {
        var answer = await client.AskAsync(type, to, $"<pubsub xmlns='{ns}'>{content}</pubsub>", passed);
        Assert.True(answer["type"] == "result", $"{answer}");
        return answer.Child(ns, "pubsub")?.Elements.FirstOrDefault();
    }

    /// <summary>The same, which has to fail so: "conflict", or with an own condition "not-allowed closed-node", and its type.</summary>
    public static async Task FailAsync(
        this TestClient client, string type, string? to, string content, string expected, string? errorType = null, string ns = Ns)
    {
        var answer = await client.AskAsync(type, to, $"<pubsub xmlns='{ns}'>{content}</pubsub>");
        var error = StanzaError.Parse(answer);
        Assert.True(error is not null, $"{answer}");
        var text = StanzaError.WireName(error.Condition) + (error.Application is { } own
            ? $" {own.Name.Local}{(own["feature"] is { } feature ? $" {feature}" : "")}" : "");
        Assert.Equal(expected, text);
        if (error.Application is { } application)
            Assert.Equal(Ns + "#errors", application.Name.Namespace);
        if (errorType is not null)
            Assert.Equal(errorType, StanzaError.WireName(error.Type));
    }

    public static Task<Element?> CreateAsync(this TestClient client, string? to, string node, params (string Var, string Value)[] fields) =>
        client.DoAsync("set", to, $"<create node='{node}'/>{(fields.Length == 0 ? "" : $"<configure>{Form("node_config", fields)}</configure>")}");

    public static Task<Element?> ConfigureAsync(this TestClient client, string? to, string node, params (string Var, string Value)[] fields) =>
        client.DoAsync("set", to, $"<configure node='{node}'>{Form("node_config", fields)}</configure>", OwnerNs);

    public static string Publish(string node, string? id = null, string payload = "<entry xmlns='http://www.w3.org/2005/Atom'/>", string options = "") =>
        $"<publish node='{node}'><item{(id is null ? "" : $" id='{id}'")}>{payload}</item></publish>{options}";

    public static string Options(params (string Var, string Value)[] fields) =>
        $"<publish-options>{Form("publish-options", fields)}</publish-options>";

    public static string Form(string type, params (string Var, string Value)[] fields) =>
        "<x xmlns='jabber:x:data' type='submit'>"
        + $"<field var='FORM_TYPE' type='hidden'><value>{Ns}#{type}</value></field>"
        + string.Concat(fields.GroupBy(field => field.Var).Select(field =>
            $"<field var='pubsub#{field.Key}'>{string.Concat(field.Select(one => $"<value>{one.Value}</value>"))}</field>")) + "</x>";

    /// <summary>Announces what a client wants to hear of, answers when it is asked what it can do, and is online.</summary>
    /// <returns>What has come to it because of that.</returns>
    public static async Task<IReadOnlyList<Element>> WantAsync(this TestClient client, TestServer server, params string[] nodes)
    {
        var features = nodes.Select(node => $"{node}+notify").Order(StringComparer.Ordinal).ToList();
        var ver = CapabilitiesHash.Compute(new([new("client", "pc", "test")], features, []), "sha-1");
        await client.SendAsync($"<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='{ver}'/></presence>");
        var seen = await client.PassAsync();
        foreach (var question in seen.Where(element => element["type"] == "get").ToList())
        {
            var query = question.Child(Namespaces.DiscoInfo, "query")!;
            await client.SendAsync($"<iq type='result' id='{question["id"]}' to='{question["from"]}'>" +
                $"<query xmlns='{Namespaces.DiscoInfo}' node='{query["node"]}'><identity category='client' type='pc' name='test'/>" +
                string.Concat(features.Select(feature => $"<feature var='{feature}'/>")) + "</query></iq>");
            seen.AddRange(await client.PassAsync());
        }
        // What is learnt makes others begin.
        await server.Server.Context.Tasks.EndAsync();
        await server.Server.Context.Tasks.EndAsync();
        seen.AddRange(await client.PassAsync());
        return [.. seen.Where(element => element["type"] != "get")];
    }

    /// <summary>Reads up to a marker, and gives what has come until then.</summary>
    public static async Task<List<Element>> PassAsync(this TestClient client)
    {
        var id = $"pass{Interlocked.Increment(ref _ids)}";
        await client.SendAsync($"<iq type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>");
        var passed = new List<Element>();
        while (await client.ReadAsync() is var element && element["id"] != id)
            passed.Add(element);
        return passed;
    }

    /// <summary>The notifications among stanzas, as "from node item", "from node -item" for what was taken away.</summary>
    public static IEnumerable<string> Events(this IEnumerable<Element> stanzas) =>
        from stanza in stanzas
        from items in stanza.Child(EventNs, "event")?.Elements ?? []
        from item in items.Elements.DefaultIfEmpty()
        select $"{stanza["from"]} {(items.Name.Local == "items" ? "" : items.Name.Local + " ")}{items["node"]}" +
            (item is null ? "" : item.Name.Local == "retract" ? $" -{item["id"]}" : $" {item["id"]}");
}
