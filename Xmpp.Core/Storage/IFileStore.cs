using System.IO.Pipelines;
using Xmpp.Core.Modules;

namespace Xmpp.Core.Storage;

/// <summary>
/// Files: each has an id, a note that says what it is, and content, and never changes. Nobody is given one before it is there whole. A
/// completed task means durable. Any number of callers may use it at once, none of them the same id for two files.
/// </summary>
/// <remarks>Those in a database throw <see cref="StoreException"/>.</remarks>
public interface IFileStore
{
    /// <summary>How often somebody looks through all files, to remove those that are over.</summary>
    TimeSpan SweepInterval => TimeSpan.FromHours(1);

    /// <summary>Finds a file; null when there is none.</summary>
    /// <param name="id">32 hexadecimal digits in lower case.</param>
    ValueTask<IStoredFile?> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Which of these there are.</summary>
    ValueTask<IReadOnlySet<string>> FindIdsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>All files, in no order; those that come or go meanwhile may be among them, and what others have put there.</summary>
    IAsyncEnumerable<IStoredFile> ListAsync(CancellationToken cancellationToken);

    /// <summary>Receives a file to its end. When that is not reached nothing of it stays.</summary>
    /// <param name="note">At most 4,000 bytes of UTF-8, without line breaks.</param>
    /// <param name="length">Of the content, in bytes.</param>
    /// <returns>False when there is one of this id already.</returns>
    /// <exception cref="EndOfStreamException">The content has another length.</exception>
    ValueTask<bool> AddAsync(
        string id, ReadOnlyMemory<byte> note, long length, PipeReader content, CancellationToken cancellationToken);

    /// <summary>Removes a file; false when there was none.</summary>
    ValueTask<bool> RemoveAsync(string id, CancellationToken cancellationToken);

    /// <summary>Removes what is left of files that were not received, or not removed, to their end: the process was killed.</summary>
    ValueTask SweepAsync(CancellationToken cancellationToken);
}

/// <summary>A file of an <see cref="IFileStore"/>.</summary>
public interface IStoredFile
{
    string Id { get; }

    /// <summary>As it was given with the content.</summary>
    ReadOnlyMemory<byte> Note { get; }

    /// <summary>False as long as the process that has received it, perhaps another one, may not have noted whose it is.</summary>
    bool IsSettled { get; }

    /// <summary>The content from its beginning, to be read asynchronously; it can seek.</summary>
    /// <exception cref="FileNotFoundException">Here or when it is read: it was removed meanwhile.</exception>
    Stream OpenRead();

    /// <summary>Sends a part of the content.</summary>
    /// <exception cref="FileNotFoundException">It was removed meanwhile, and nothing was sent.</exception>
    Task SendAsync(IHttpExchange to, long offset, long length, CancellationToken cancellationToken);
}
