using System.Net;
using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Modules.Registration;
using Xmpp.Testing;

namespace Xmpp.Modules.Tests.Registration;

/// <summary>How tests register.</summary>
internal static class Registering
{
    public const string Ns = "jabber:iq:register";
    public const string Feature = "http://jabber.org/features/iq-register";

    /// <summary>Long enough.</summary>
    public const string Password = "Calliope, muse";

    public static Task<TestServer> StartAsync(RegistrationOptions options) => TestServer.StartAsync(
        server => server with { Modules = server.Modules with { Registration = options } });

    public static Task<TestServer> StartOpenAsync() => StartAsync(new() { Access = RegistrationAccess.Open });

    /// <summary>A client that has opened its stream.</summary>
    public static async Task<TestClient> OpenStreamAsync(this TestServer server, string? address = null)
    {
        var client = server.Connect(address: address is null ? null : IPAddress.Parse(address));
        await client.OpenAsync();
        return client;
    }

    public static ValueTask RegisterAsync(this TestClient client, string? name, string? password = Password) => client.SendAsync(
        new Element(Namespaces.Client, "iq",
            Element.Attr("type", "set"),
            Element.Attr("id", "reg"),
            new Element(Ns, "query",
                name is null ? null : new Element(Ns, "username", name),
                password is null ? null : new Element(Ns, "password", password))).ToString());

    public static Task<Element> ExpectRegisteredAsync(this TestClient client) => client.ExpectAsync("<iq type='result' id='reg'/>");

    /// <summary>Registers on a connection of its own.</summary>
    public static async Task RegisterAsync(this TestServer server, string name, string password = Password)
    {
        await using var client = await server.OpenStreamAsync();
        await client.RegisterAsync(name, password);
        await client.ExpectRegisteredAsync();
    }

    /// <summary>Goes on with an open stream to a bound resource.</summary>
    public static async Task LoginAsync(this TestClient client, string name, string password = Password)
    {
        await client.AuthenticateAsync(name, password);
        await client.ExpectAsync($"<success xmlns='{Namespaces.Sasl}'/>");
        await client.OpenAsync();
        await client.BindAsync(null);
    }

    /// <summary>A client that logs in on a connection of its own.</summary>
    public static async Task<TestClient> LoginWithAsync(this TestServer server, string name, string password)
    {
        var client = await server.OpenStreamAsync();
        await client.LoginAsync(name, password);
        return client;
    }
}
