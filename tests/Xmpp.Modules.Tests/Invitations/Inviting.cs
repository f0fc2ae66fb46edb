using Xmpp.Modules.Invitations;
using Xmpp.Modules.Registration;
using Xmpp.Testing;

namespace Xmpp.Modules.Tests.Invitations;

/// <summary>How tests invite.</summary>
internal static class Inviting
{
    /// <summary>A server where those who are invited may register.</summary>
    public static Task<TestServer> StartAsync(RegistrationAccess access = RegistrationAccess.Invited, InvitationOptions? options = null) =>
        TestServer.StartAsync(server => server with
        {
            Administrators = ["lord@localhost"],
            Modules = server.Modules with { Registration = new() { Access = access }, Invitations = options ?? new() },
        });

    public static InvitationWish Wish { get; } = new("localhost", AllowsAccount: true, TimeSpan.FromDays(7));

    /// <summary>Makes an invitation and gives its token.</summary>
    public static async Task<string> InviteAsync(this TestServer server, InvitationWish? wish = null)
    {
        var book = new InvitationBook(server.Store.Invitations, server.Store.Accounts, server.Time);
        var (invitation, _) = await book.CreateAsync(wish ?? Wish, CancellationToken.None);
        return invitation!.Token;
    }

    public static async Task<int> CountInvitationsAsync(this TestServer server) =>
        (await server.Store.Invitations.ListAsync("localhost", server.Time.GetUtcNow(), CancellationToken.None)).Count;

    /// <summary>XEP-0445 §4.</summary>
    public static ValueTask ShowAsync(this TestClient client, string token) =>
        client.SendAsync($"<iq type='set' id='pa1' to='localhost'><preauth xmlns='urn:xmpp:pars:0' token='{token}'/></iq>");

    /// <summary>A client that has opened its stream and shown an invitation.</summary>
    public static async Task<TestClient> ArriveAsync(this TestServer server, string token)
    {
        var client = server.Connect();
        await client.OpenAsync();
        await client.ShowAsync(token);
        await client.ExpectAsync("<iq type='result' id='pa1' from='localhost'/>");
        return client;
    }
}
