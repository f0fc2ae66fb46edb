using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Archive;

/// <summary>Removes from archives, in the background, what has become too old or too much.</summary>
/// <param name="own">What is set for an archive by whose it is; it counts where it is stricter.</param>
/// <param name="domains">Hosts and services with archives, each with its limits as configured now.</param>
public sealed class ArchiveRetention(
    IArchiveStore archive, ArchiveLimitBook limits, Func<Jid, CancellationToken, ValueTask<ArchiveLimits>> own, IServerTasks tasks,
    Func<IEnumerable<(string Domain, ArchiveLimits Limits)>> domains,
    TimeProvider time) : IAsyncDisposable
{
    /// <summary>How long archives may have more than they should.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>Messages that are removed at once.</summary>
    private const int StepMessages = 500;

    private const int PageAccounts = 100;

    private ITimer? _timer;
    private int _isRunning;

    /// <summary>Begins. The first time is in an hour: a server that starts has other things to do.</summary>
    public void Start() => _timer = time.CreateTimer(_ => Run(), null, Interval, Interval);

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? default;

    private void Run()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
            tasks.Run("Removal of old messages from archives", RunAsync);
    }

    private async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (domain, configured) in domains())
                await EnforceAsync(Jid.Parse(domain), configured, cancellationToken);
        }
        finally
        {
            _isRunning = 0;
        }
    }

    private async ValueTask EnforceAsync(Jid host, ArchiveLimits configured, CancellationToken cancellationToken)
    {
        var ofHost = (await limits.FindAsync(host, cancellationToken)).Or(configured);
        Jid? last = null;
        while (await archive.ListOwnersAsync(host.Domain, last, PageAccounts, cancellationToken) is { Count: > 0 } accounts)
        {
            foreach (var account in accounts)
            {
                var all = (await limits.FindAsync(account, cancellationToken)).Or(ofHost);
                await EnforceAsync(account, all.And(await own(account, cancellationToken)));
            }
            last = accounts[^1];
        }

        async ValueTask EnforceAsync(Jid account, ArchiveLimits all)
        {
            if (all.MaxAge is { } age && age > TimeSpan.Zero)
                await RemoveAsync(account, time.GetUtcNow() - age, keep: 0, cancellationToken);
            if (all.MaxMessages is > 0 and var messages)
                await RemoveAsync(account, before: null, messages, cancellationToken);
        }
    }

    private async ValueTask RemoveAsync(Jid account, DateTimeOffset? before, int keep, CancellationToken cancellationToken)
    {
        while (await archive.RemoveAsync(account, before, with: null, keep, StepMessages, cancellationToken) == StepMessages)
        {
            // Others have their turn in between.
        }
    }
}
