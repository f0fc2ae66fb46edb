namespace Xmpp.Core.Storage;

/// <summary>
/// What administrators set at run time, by host and name: the message of the day, who else is an administrator. A completed task
/// means durably committed.
/// </summary>
public interface ISettingStore
{
    /// <summary>The value, or null.</summary>
    ValueTask<string?> FindAsync(string host, string name, CancellationToken cancellationToken);

    /// <summary>Sets it; null removes it.</summary>
    ValueTask SetAsync(string host, string name, string? value, CancellationToken cancellationToken);
}
