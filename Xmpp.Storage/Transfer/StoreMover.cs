using System.Globalization;
using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>How far a transfer is.</summary>
/// <param name="Done">Records that went by.</param>
/// <param name="Total">Of all kinds.</param>
/// <param name="Current">What is moved just now.</param>
public readonly record struct TransferProgress(long Done, long Total, RecordKind Current);

/// <summary>What was moved.</summary>
/// <param name="Counts">By kind.</param>
/// <param name="Sha256">Of the records' lines: the same for the same content, whichever store it is in.</param>
/// <param name="ResumedBehind">The last account or room that an earlier attempt had moved, or null.</param>
public sealed record TransferReport(StoreCounts Counts, string Sha256, Jid? ResumedBehind);

/// <summary>
/// Moves all that a store keeps into a file or another store. Nobody else may use either meanwhile. An attempt that was broken off is
/// resumed by the next one of the same source: accounts and rooms that are complete stay,
/// the one that was interrupted is moved anew, and so are all nodes.
/// </summary>
/// <param name="time">When invitations expire.</param>
/// <param name="report">Is told now and then how far it is.</param>
public sealed class StoreMover(TimeProvider time, Action<TransferProgress> report)
{
    private const int ReportEvery = 1000;

    /// <summary>Writes a store into a new file.</summary>
    /// <param name="program">Who does it, for people.</param>
    /// <exception cref="TransferException">The file exists, or the store has changed meanwhile.</exception>
    /// <exception cref="StoreException">The store can't be read.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public async Task<TransferReport> ExportAsync(IStore source, string path, string program, CancellationToken cancellationToken)
    {
        await TransferMark.RequireNoneAsync(source, cancellationToken);
        using var file = NewFile.Create(path);
        using var tally = new Tally();
        using var writer = new RecordWriter();
        var total = await CountAllAsync(source, cancellationToken);
        WriteLine(writer.WriteHeader(time.GetUtcNow(), program).Span);
        await foreach (var (record, line) in ReadStoreAsync(source, writer, tally, cancellationToken))
        {
            WriteLine(line.Span);
            Report(tally, total, record.Kind);
        }

        WriteLine(writer.WriteEnd(tally.Counts, tally.Sha256).Span);
        await RequireUnchangedAsync(source, tally);
        file.Finish();
        return new(tally.Counts, tally.Sha256, ResumedBehind: null);

        void WriteLine(ReadOnlySpan<byte> line)
        {
            file.Stream.Write(line);
            file.Stream.Write("\n"u8);
        }
    }

    /// <summary>Puts what a file holds into an empty store. Nothing is written before the whole file was checked.</summary>
    /// <exception cref="TransferException">The file is damaged, the store not empty, or not all is there in the end.</exception>
    /// <exception cref="StoreException">The store can't be read or written.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public async Task<TransferReport> ImportAsync(string path, IStore target, CancellationToken cancellationToken)
    {
        var mark = await FindMarkAsync(target, Path.GetFullPath(path), cancellationToken);
        using var check = new Tally();
        using (var file = RecordFile.Open(path))
        {
            foreach (var _ in file.Read(check))
                cancellationToken.ThrowIfCancellationRequested();
        }

        using var again = RecordFile.Open(path);
        using var tally = new Tally();
        var report = await FillAsync(
            target, mark, again.Read(tally).ToAsyncEnumerable(), tally, check.Counts.Total, cancellationToken);
        await TransferMark.RemoveAsync(target);
        return report;
    }

    /// <summary>Puts what one store keeps into another, empty one.</summary>
    /// <exception cref="TransferException">The target isn't empty, the source has changed, or not all is there in the end.</exception>
    /// <exception cref="StoreException">A store can't be read or written.</exception>
    public async Task<TransferReport> CopyAsync(IStore source, IStore target, CancellationToken cancellationToken)
    {
        await TransferMark.RequireNoneAsync(source, cancellationToken);
        var mark = await FindMarkAsync(target, source.Status.Location, cancellationToken);
        var total = await CountAllAsync(source, cancellationToken);
        using var tally = new Tally();
        using var writer = new RecordWriter();
        var report = await FillAsync(
            target, mark, ReadStoreAsync(source, writer, tally, cancellationToken), tally, total, cancellationToken);
        await RequireUnchangedAsync(source, tally);
        await TransferMark.RemoveAsync(target);
        return report;
    }

    /// <summary>Puts records into a store behind those that are there, and counts what is there then.</summary>
    private async Task<TransferReport> FillAsync(
        IStore target, TransferMark mark, IAsyncEnumerable<(StoreRecord Record, ReadOnlyMemory<byte> Line)> records, Tally tally,
        long total, CancellationToken cancellationToken)
    {
        var resumedBehind = mark.LastOwner;
        await RemoveBehindAsync(target, mark, cancellationToken);
        await using var filler = new StoreFiller(target.Transfer, mark);
        var isThere = resumedBehind is not null;
        StoreRecord? owner = null;
        await foreach (var (record, line) in records)
        {
            if (isThere && mark.IsInFrontOf(record))
            {
                RequireSame(mark, tally);
                isThere = false;
            }

            if (record is not (AccountPart or RoomPart or NodePart))
            {
                if (owner is not null && !isThere)
                    filler.Mark(mark = mark.Behind(owner, tally.Sha256));
                owner = record is AccountRecord or RoomRecord ? record : null;
            }

            if (!isThere)
                await filler.AddAsync(record, line.Length, cancellationToken);
            Report(tally, total, record.Kind);
        }

        if (isThere)
            RequireSame(mark, tally);
        await filler.CompleteAsync(cancellationToken);
        await RequireAllAsync(target, tally);
        return new(tally.Counts, tally.Sha256, resumedBehind);
    }

    /// <summary>Each record of a store with its line, which stays until the next.</summary>
    /// <param name="tally">Counts each when the next is asked for.</param>
    private async IAsyncEnumerable<(StoreRecord Record, ReadOnlyMemory<byte> Line)> ReadStoreAsync(
        IStore store, RecordWriter writer, Tally tally, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var record in StoreReader.ReadAsync(store, time.GetUtcNow(), cancellationToken))
        {
            var line = writer.Write(record);
            yield return (record, line);
            tally.Add(record, line.Span);
        }
    }

    /// <summary>What an attempt before has left; or a new mark, for an empty store.</summary>
    private static async Task<TransferMark> FindMarkAsync(IStore target, string source, CancellationToken cancellationToken)
    {
        if (await TransferMark.FindAsync(target, cancellationToken) is { } mark)
            return mark;

        // A server that was started on it once has made its secrets, which are replaced.
        var counts = await target.Transfer.CountAsync(DateTimeOffset.MinValue, cancellationToken);
        var present = StoreCounts.Counted.Where(kind => kind != RecordKind.Secret && counts[kind] > 0).ToList();
        return present.Count == 0 ? new(source, Last: null, Sha256: null) : throw new TransferException(
            $"{target.Status.Location} is not empty: it has "
            + string.Join(", ", present.Select(kind => Count(counts[kind], kind)))
            + ". Only an empty store can be filled.");
    }

    /// <summary>Whatever an attempt before had not completed.</summary>
    private static async Task RemoveBehindAsync(IStore target, TransferMark mark, CancellationToken cancellationToken)
    {
        const int Page = 200;
        var commons = await target.Transfer.ReadCommonsAsync(cancellationToken);
        // There are nodes only when all accounts and rooms are complete, and they are moved anew.
        await foreach (var record in StoreReader.ReadNodesAsync(target, commons, cancellationToken))
        {
            if (record is NodeRecord { Node: var node })
                await target.PubSub.RemoveAsync(node.Owner, node.Name, cancellationToken);
        }

        foreach (var (service, after) in Behind(commons.Services, mark.LastRoom))
        {
            while (await target.Rooms.ListAsync(service, new(After: after), Page, cancellationToken) is { Count: > 0 } rooms)
            {
                foreach (var room in rooms)
                    await target.Rooms.RemoveAsync(room.Room, cancellationToken);
            }
        }

        // With a room all accounts are complete.
        if (mark.LastRoom is not null)
            return;
        foreach (var (host, after) in Behind(commons.Hosts, mark.Last))
        {
            while (await target.Accounts.ListAsync(host, after, Page, cancellationToken) is { Count: > 0 } accounts)
            {
                foreach (var account in accounts)
                    await target.Accounts.DeleteAsync(account.Jid, cancellationToken);
            }
        }
    }

    /// <summary>The domains where something may be behind an address, and behind which localpart (null: all).</summary>
    private static IEnumerable<(string Domain, string? After)> Behind(IEnumerable<string> domains, string? last)
    {
        var jid = last is null ? null : Jid.Parse(last);
        foreach (var domain in domains)
        {
            var order = jid is null ? 1 : RecordOrder.Compare(domain, jid.Domain);
            if (order >= 0)
                yield return (domain, order == 0 ? jid!.Local : null);
        }
    }

    private static void RequireSame(TransferMark mark, Tally tally)
    {
        if (tally.Sha256 != mark.Sha256)
        {
            throw new TransferException(
                $"What was moved before, from {mark.Source}, is not what the source has now: empty the target and start anew.");
        }
    }

    private async Task RequireUnchangedAsync(IStore source, Tally tally)
    {
        if (await DifferencesAsync(source, tally, isSource: true) is { Count: > 0 } differences)
        {
            throw new TransferException($"{source.Status.Location} has changed while it was read ({string.Join("; ", differences)}). "
                + "Stop every server that uses it, and start anew.");
        }
    }

    private async Task RequireAllAsync(IStore target, Tally tally)
    {
        if (await DifferencesAsync(target, tally, isSource: false) is { Count: > 0 } differences)
        {
            throw new TransferException($"{target.Status.Location} has not what was stored in it ({string.Join("; ", differences)}). "
                + "Don't use it: empty it and start anew.");
        }
    }

    private async Task<List<string>> DifferencesAsync(IStore store, Tally tally, bool isSource)
    {
        var now = time.GetUtcNow();
        var counts = await store.Transfer.CountAsync(now, CancellationToken.None);
        var differences = new List<string>();
        foreach (var kind in StoreCounts.Counted)
        {
            var moved = kind == RecordKind.Invitation ? tally.CountInvitations(now) : tally.Counts[kind];
            // The target may have had secrets of its own.
            if (counts[kind] != moved && !(kind == RecordKind.Secret && !isSource && counts[kind] > moved))
                differences.Add($"moved {Count(moved, kind)}, and there are {Number(counts[kind])}");
        }

        return differences;
    }

    private async Task<long> CountAllAsync(IStore source, CancellationToken cancellationToken) =>
        (await source.Transfer.CountAsync(time.GetUtcNow(), cancellationToken)).Total;

    private void Report(Tally tally, long total, RecordKind kind)
    {
        if (tally.Counts.Total is var done && done % ReportEvery == 0)
            report(new(done, total, kind));
    }

    private static string Count(long count, RecordKind kind) => $"{Number(count)} {StoreCounts.NameOf(kind)}";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
