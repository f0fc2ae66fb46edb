using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Push;

/// <summary>A push service that is a component: it keeps what is published and answers when the test says so.</summary>
internal sealed class PushService(TestClient component)
{
    public const string Domain = "push.localhost";
    public const string Secret = "eruio234vzxc2kla-91";

    private const string PubSub = "http://jabber.org/protocol/pubsub";

    private int _markers;

    public TestClient Component => component;

    public static async Task<PushService> ConnectAsync(TestServer server)
    {
        var component = server.ConnectComponent();
        await component.OpenComponentAsync($"to='{Domain}'");
        await component.ProveAsync(Secret);
        await component.ExpectAsync("<handshake/>");
        return new(component);
    }

    /// <summary>The next publication.</summary>
    public async Task<Publication> ReadAsync() => new(await component.ReadAsync());

    public async Task<Publication> ExpectAsync(string node)
    {
        var publication = await ReadAsync();
        Assert.Equal(node, publication.Node);
        return publication;
    }

    public ValueTask AcceptAsync(Publication publication) =>
        component.SendAsync($"<iq type='result' id='{publication.Iq["id"]}' from='{Domain}' to='localhost'/>");

    public ValueTask RefuseAsync(Publication publication, string type, string condition) => component.SendAsync(
        $"<iq type='error' id='{publication.Iq["id"]}' from='{Domain}' to='localhost'><error type='{type}'>"
        + $"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");

    /// <summary>Expects that what a client has said so far brought about no publication.</summary>
    public async Task ExpectNothingAsync(TestClient? client = null)
    {
        if (client is not null)
            await client.ExpectNothingFromAsync(client);
        var id = $"marker-{++_markers}";
        await component.SendAsync($"<iq type='get' id='{id}' from='{Domain}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal(id, (await component.ReadAsync())["id"]);
    }

    /// <summary>What was published.</summary>
    internal sealed record Publication(Element Iq)
    {
        private Element Publish => Iq.Child(PubSub, "pubsub")!.Child(PubSub, "publish")!;

        public string? Node => Publish["node"];

        /// <summary>The fields of the summary.</summary>
        public IReadOnlyDictionary<string, string?> Summary => DataForm.Parse(
            Publish.Child(PubSub, "item")!.Child("urn:xmpp:push:0", "notification")!.Child(DataForm.Name))!
            .Fields.ToDictionary(entry => entry.Var!, entry => entry.Value);

        public Element? Options => Iq.Child(PubSub, "pubsub")!.Child(PubSub, "publish-options");
    }
}

/// <summary>What people say.</summary>
internal static class PushTesting
{
    public static ValueTask SayAsync(this TestClient client, string to) =>
        client.SendAsync($"<message to='{to}' type='chat'><body>Wherefore?</body></message>");
}
