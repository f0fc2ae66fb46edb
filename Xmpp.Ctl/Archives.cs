using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;

namespace Xmpp.Ctl;

/// <summary>Archives: through the server while one runs, else in the store itself.</summary>
internal sealed class Archives : IAsyncDisposable
{
    private readonly IStore? _store;

    private Archives(IArchiveControl control, IStore? store) => (Control, _store) = (control, store);

    public IArchiveControl Control { get; }

    /// <exception cref="ControlException">A server runs, but we may not talk to it.</exception>
    /// <exception cref="StoreException">The store can't be opened, or is incomplete.</exception>
    public static async Task<Archives> OpenAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        var client = new ControlClient(options.Control.Socket);
        if (await client.IsRunningAsync(cancellationToken))
            return new(new ServerArchives(client), store: null);
        var store = await ConfiguredStore.OpenAsync(options, TimeProvider.System, cancellationToken: cancellationToken);
        return new(new StoreArchives(store), store);
    }

    public ValueTask DisposeAsync() => _store?.DisposeAsync() ?? default;

    private sealed class ServerArchives(ControlClient client) : IArchiveControl
    {
        public async ValueTask<ArchiveInfo> CountAsync(Jid of, CancellationToken cancellationToken) =>
            (await client.SendForOneAsync<ArchiveInfo>(new ArchiveStatsRequest(of), cancellationToken))!;

        public ValueTask<bool> LimitAsync(LimitArchiveRequest request, CancellationToken cancellationToken) =>
            client.SendForOneAsync<bool>(request, cancellationToken);

        public ValueTask<int> PurgeAsync(PurgeArchiveRequest request, CancellationToken cancellationToken) =>
            client.SendForOneAsync<int>(request, cancellationToken);

        public IAsyncEnumerable<string> ExportAsync(Jid account, CancellationToken cancellationToken) =>
            client.SendAsync<string>(new ExportArchiveRequest(account), cancellationToken);
    }
}
