using Xmpp.Core.Storage;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;

namespace Xmpp.Ctl;

/// <summary>Invitations: through the server while one runs, else in the store itself.</summary>
internal sealed class Invitations : IAsyncDisposable
{
    private readonly IStore? _store;

    private Invitations(IInvitationControl control, IStore? store) => (Control, _store) = (control, store);

    public IInvitationControl Control { get; }

    /// <exception cref="ControlException">A server runs, but we may not talk to it.</exception>
    /// <exception cref="StoreException">The store can't be opened, or is incomplete.</exception>
    public static async Task<Invitations> OpenAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        var client = new ControlClient(options.Control.Socket);
        if (await client.IsRunningAsync(cancellationToken))
            return new(new ServerInvitations(client), store: null);
        var store = await ConfiguredStore.OpenAsync(options, TimeProvider.System, cancellationToken: cancellationToken);
        return new(new StoreInvitations(store, () => options, TimeProvider.System), store);
    }

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? default;

    private sealed class ServerInvitations(ControlClient client) : IInvitationControl
    {
        public async ValueTask<InvitationInfo> CreateAsync(CreateInvitationRequest request, CancellationToken cancellationToken) =>
            (await client.SendForOneAsync<InvitationInfo>(request, cancellationToken))!;

        public IAsyncEnumerable<InvitationInfo> ListAsync(string host, CancellationToken cancellationToken) =>
            client.SendAsync<InvitationInfo>(new ListInvitationsRequest(host), cancellationToken);

        public ValueTask<bool> RevokeAsync(string token, CancellationToken cancellationToken) =>
            client.SendForOneAsync<bool>(new RevokeInvitationRequest(token), cancellationToken);
    }
}
