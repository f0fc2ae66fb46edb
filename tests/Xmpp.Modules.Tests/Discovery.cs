using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Testing;

namespace Xmpp.Modules.Tests;

/// <summary>What clients do to learn about the server.</summary>
internal static class Discovery
{
    /// <summary>Asks for the disco#info of an entity, or of one of its nodes.</summary>
    public static async Task<Element> InfoAsync(this TestClient client, string to, string? node = null)
    {
        var query = new Element(Namespaces.DiscoInfo, "query", Element.Attr("node", node));
        await client.SendAsync($"<iq type='get' id='info' to='{to}'>{query}</iq>");
        return await client.ReadAsync();
    }

    /// <summary>Reads the answer as another implementation would.</summary>
    public static DiscoInfo Parse(Element result)
    {
        var query = result.Child(Namespaces.DiscoInfo, "query")!;
        return new DiscoInfo(
            [.. Named("identity").Select(identity => new DiscoIdentity(identity["category"]!, identity["type"]!, identity["name"]))],
            [.. Named("feature").Select(feature => feature["var"]!)],
            [.. query.Elements.Where(child => child.Name == new XmlName(Namespaces.DataForms, "x")).Select(form => DataForm.Parse(form)!)]);

        IEnumerable<Element> Named(string local) => query.Elements.Where(child => child.Name == new XmlName(Namespaces.DiscoInfo, local));
    }

    /// <summary>The features of a stream whose client has logged in.</summary>
    public static async Task<Element> FeaturesAfterLoginAsync(this TestServer server)
    {
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync("juliet", TestServer.Password);
        await client.ReadAsync();
        return await client.OpenAsync();
    }
}
