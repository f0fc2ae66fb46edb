using System.Text;
using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Streams;

/// <summary>Clients that authenticate by XEP-0388.</summary>
internal static class Sasl2Testing
{
    public const string Sasl2 = "urn:xmpp:sasl:2";
    public const string Bind2 = "urn:xmpp:bind:0";
    public const string Fast = "urn:xmpp:fast:0";
    public const string Sm = "urn:xmpp:sm:3";

    /// <summary>What a client calls itself.</summary>
    public const string Phone = "d4565fa7-4d72-4749-b3d3-740edbf87770";
    public const string Laptop = "7b3f1a52-99f4-4a1c-8a67-2b1f6c8d0e11";

    /// <summary>An <c>&lt;authenticate/&gt;</c> by PLAIN.</summary>
    /// <param name="inline">What is to happen along with it.</param>
    /// <param name="agent">What the client calls itself, if it does.</param>
    public static string Authenticate(string name, string inline = "", string? agent = null, string password = TestServer.Password) =>
        AuthenticateBy("PLAIN", $"\0{name}\0{password}", inline, agent);

    public static string AuthenticateBy(string mechanism, string message, string inline = "", string? agent = null) =>
        AuthenticateBy(mechanism, Encoding.UTF8.GetBytes(message), inline, agent);

    public static string AuthenticateBy(string mechanism, byte[] message, string inline = "", string? agent = null) =>
        $"<authenticate xmlns='{Sasl2}' mechanism='{mechanism}'>"
        + $"<initial-response>{Convert.ToBase64String(message)}</initial-response>"
        + (agent is null ? "" : $"<user-agent id='{agent}'><software>AwesomeXMPP</software><device>Kiva's Phone</device></user-agent>")
        + $"{inline}</authenticate>";

    /// <summary>A client that has opened a stream and sent this; the account is there.</summary>
    public static async Task<TestClient> SayAsync(this TestServer server, string name, string authenticate)
    {
        await server.CreateAccountAsync(Jid.Parse($"{name}@localhost"));
        var client = server.Connect();
        await client.OpenWithAsync($"to='localhost' from='{name}@localhost' version='1.0'");
        await client.SendAsync(authenticate);
        return client;
    }

    /// <summary>The success that is next, without the features behind it.</summary>
    public static async Task<Element> ReadSuccessAsync(this TestClient client)
    {
        var success = await client.ReadAsync();
        Assert.Equal(new XmlName(Sasl2, "success"), success.Name);
        return success;
    }

    /// <summary>The success and the features that follow it.</summary>
    public static async Task<(Element Success, Element Features)> ReadOnlineAsync(this TestClient client)
    {
        var success = await client.ReadSuccessAsync();
        client.Jid = Jid.Parse(success.Child(Sasl2, "authorization-identifier")!.Text);
        var features = await client.ReadAsync();
        Assert.Equal(new XmlName(Namespaces.Stream, "features"), features.Name);
        return (success, features);
    }

    /// <summary>A client that has bound a resource along with authentication.</summary>
    /// <param name="inline">What else it asks for.</param>
    /// <param name="bind">What it asks for within its bind.</param>
    public static async Task<(TestClient Client, Element Success)> GoOnlineAsync(
        this TestServer server, string name, string? agent = null, string bind = "", string inline = "")
    {
        var client = await server.SayAsync(name, Authenticate(name, $"<bind xmlns='{Bind2}'>{bind}</bind>{inline}", agent));
        var (success, _) = await client.ReadOnlineAsync();
        return (client, success);
    }

    public static async Task ExpectSasl2FailureAsync(this TestClient client, string condition)
    {
        var failure = await client.ReadAsync();
        Assert.Equal(new XmlName(Sasl2, "failure"), failure.Name);
        Assert.True(failure.Child(Namespaces.Sasl, condition) is not null, failure.ToString());
    }
}
