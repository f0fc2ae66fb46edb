using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Testing;

namespace Xmpp.Modules.Tests;

/// <summary>The scene of the tests of XEP-0133: the bard administers, others don't.</summary>
internal static class Administration
{
    public const string Ns = "http://jabber.org/protocol/admin";

    public static Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? configure = null) => TestServer.StartAsync(options =>
    {
        options = options with
        {
            Administrators = ["bard@localhost"],
            // Time may pass without pings of the server in between.
            Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromDays(1) },
        };
        return configure?.Invoke(options) ?? options;
    });

    /// <summary>Fills out the form of an administrative command.</summary>
    /// <param name="name">What is behind "#" in its node.</param>
    public static Task<Element> AdministerAsync(this TestClient bard, string name, params FormField[] fields) =>
        bard.ExecuteAsync("localhost", $"{Ns}#{name}", fields);

    /// <summary>Executes an administrative command without a form.</summary>
    public static Task<Element> AdministerAtOnceAsync(this TestClient bard, string name) => bard.CommandAsync("localhost", $"{Ns}#{name}");

    /// <summary>Whether an account can log in with a password.</summary>
    public static async Task<bool> CanLogInAsync(this TestServer server, string name, string password)
    {
        var client = server.Connect();
        await client.OpenAsync();
        await client.AuthenticateAsync(name, password);
        return (await client.ReadAsync()).Name == new XmlName(Namespaces.Sasl, "success");
    }

    /// <summary>The values of a field of the result.</summary>
    public static IReadOnlyList<string> Values(this Element answer, string var) => answer.Command("completed").Form().Values(var);

    public static async Task<bool> ExistsAsync(this TestServer server, string account) =>
        await server.Store.Accounts.FindAsync(Jid.Parse(account), CancellationToken.None) is not null;
}
