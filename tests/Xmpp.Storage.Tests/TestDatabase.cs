using Xmpp.Core.Storage;

namespace Xmpp.Storage.Tests;

/// <summary>A database for one test: empty at first, deleted when it is disposed.</summary>
public abstract class TestDatabase : IAsyncDisposable
{
    /// <summary>Where it is, for Xmpp.Storage.Crash.</summary>
    public abstract string Address { get; }

    /// <summary>Opens it, the same again when it was closed.</summary>
    public abstract ValueTask<IStore> OpenAsync();

    public abstract ValueTask DisposeAsync();
}
