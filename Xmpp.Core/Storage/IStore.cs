namespace Xmpp.Core.Storage;

/// <summary>One database with all the stores in it. Disposing it commits what is in flight and closes it.</summary>
public interface IStore : IAsyncDisposable
{
    IAccountStore Accounts { get; }

    /// <summary>For <c>xmppctl status</c>: what it is, where, and whether it works.</summary>
    StoreStatus Status { get; }
}

/// <param name="Kind">"sqlite", "mongodb".</param>
/// <param name="Location">File or address, without credentials.</param>
/// <param name="Healthy">False from a failed write until the next one that succeeds.</param>
/// <param name="Problem">The last failure in words, or null.</param>
/// <param name="SchemaVersion">Of the data.</param>
/// <param name="QueuedWrites">Operations that wait for a commit.</param>
public sealed record StoreStatus(string Kind, string Location, bool Healthy, string? Problem, int SchemaVersion, int QueuedWrites);
