using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Numerics;

namespace Xmpp.Server.Sessions.Journal;

/// <summary>What a block of a <see cref="JournalFile"/> holds.</summary>
internal enum BlockKind
{
    Free,
    Session,
    Details,
    Stanza,
    Archive,
    Link,
    Remote,
}

/// <summary>A block of a <see cref="JournalFile"/>; the default is none.</summary>
internal readonly record struct JournalBlock(int Index)
{
    public bool IsNone => Index == 0;
}

/// <summary>
/// A file in memory, handed out in blocks of 256 bytes to 1 MB. What was written into it survives this process, however it ends, since its
/// pages are the system's; writing costs a copy, and the disk is nobody's concern. It doesn't survive the system's end, unless it
/// was closed. Safe for several threads.
/// </summary>
/// <remarks>
/// <code>
/// page 0    "XmppJrnl", version, 1 when closed, the boot's id
/// page 1…   one byte a chunk: 1 + the class of its blocks, 0 when it has none; to the end of chunk 0
/// chunk n   blocks of 256 &lt;&lt; class bytes: kind (4 bytes), length (4), content
/// </code>
/// A block counts once its kind is there, which is written last. Room is made on the disk before a chunk is used: a full disk is
/// an error here, not a fault at some write.
/// </remarks>
internal sealed unsafe class JournalFile : IDisposable
{
    public const int MaxContent = ChunkBytes - HeaderBytes;

    /// <summary>The least that a file can be.</summary>
    public const int MinBytes = 16 * ChunkBytes;

    private const int ChunkBytes = 1024 * 1024;
    private const int PageBytes = 4096;
    private const int SmallestBlock = 256;
    private const int Classes = 13;
    private const int HeaderBytes = 8;
    private const int Version = 1;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly Lock _lock = new();
    private readonly Chunk?[] _chunks;
    private bool _isDisposed;

    // Chunks with room, by class; the last one is the next to be used.
    private readonly List<int>[] _roomy = [.. Enumerable.Range(0, Classes).Select(_ => new List<int>())];

    private JournalFile(FileStream stream, long capacity)
    {
        _stream = stream;
        _map = MemoryMappedFile.CreateFromFile(stream, null, capacity, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true);
        _view = _map.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _chunks = new Chunk?[capacity / ChunkBytes];
    }

    private static ReadOnlySpan<byte> Magic => "XmppJrnl"u8;

    /// <summary>Makes an empty file in the place of whatever is there.</summary>
    /// <param name="capacity">Bytes that it may grow to.</param>
    /// <exception cref="IOException">It can't be made; <see cref="UnauthorizedAccessException"/> likewise.</exception>
    public static JournalFile Create(string path, long capacity)
    {
        // Sessions' stanzas are in it.
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var stream = new FileStream(path, options);
        try
        {
            capacity = Math.Max(MinBytes, capacity / ChunkBytes * ChunkBytes);
            MakeRoom(stream, 0);
            stream.SetLength(capacity);
            var file = new JournalFile(stream, capacity);
            Magic.CopyTo(new Span<byte>(file._start, 8));
            BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(file._start + 8, 4), Version);
            BootId().CopyTo(new Span<byte>(file._start + 16, BootIdBytes));
            return file;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads what a process has left behind.</summary>
    /// <param name="read">Is given each block's kind and content; the content is valid until it returns.</param>
    /// <returns>Whether it could be trusted: the system hasn't ended since, or the file was closed before.</returns>
    /// <exception cref="IOException">It can't be read.</exception>
    public static bool TryRead(string path, BlockReader read)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        var capacity = stream.Length;
        if (capacity < ChunkBytes || capacity % ChunkBytes != 0)
            return false;
        using var map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, true);
        using var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            return TryRead(start, capacity, read);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    /// <summary>Reserves a block; nobody finds it before <see cref="Publish"/>.</summary>
    /// <returns>False when the file is full, or the disk.</returns>
    public bool TryAllocate(int length, out JournalBlock block)
    {
        block = default;
        if (length > MaxContent)
            return false;
        var sizeClass = ClassOf(length);
        lock (_lock)
        {
            var roomy = _roomy[sizeClass];
            if (_isDisposed)
                return false;
            if (roomy.Count == 0 && !TryAddChunk(sizeClass))
                return false;
            var index = roomy[^1];
            var chunk = _chunks[index]!;
            var slot = chunk.Take();
            if (chunk.IsFull)
                roomy.RemoveAt(roomy.Count - 1);
            block = new((index * (ChunkBytes / SmallestBlock)) + (slot << sizeClass));
        }
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(AddressOf(block) + 4, 4), length);
        return true;
    }

    /// <summary>The block's bytes, to be written or changed.</summary>
    public Span<byte> ContentOf(JournalBlock block)
    {
        var address = AddressOf(block);
        return new Span<byte>(address + HeaderBytes, BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(address + 4, 4)));
    }

    /// <summary>From now on the block is there for whoever comes after this process.</summary>
    public void Publish(JournalBlock block, BlockKind kind) => Volatile.Write(ref *(int*)AddressOf(block), (int)kind);

    /// <summary>Gives a block back; none is nothing.</summary>
    public void Free(JournalBlock block)
    {
        if (block.IsNone)
            return;
        var index = (int)((long)block.Index * SmallestBlock / ChunkBytes);
        lock (_lock)
        {
            if (_isDisposed)
                return;
            Publish(block, BlockKind.Free);
            var chunk = _chunks[index]!;
            var wasFull = chunk.IsFull;
            chunk.Give((block.Index & (ChunkBytes / SmallestBlock - 1)) >> chunk.SizeClass);
            var roomy = _roomy[chunk.SizeClass];
            if (wasFull)
                roomy.Add(index);
            // One with room stays for what comes next.
            if (chunk.IsEmpty && roomy.Count > 1)
            {
                roomy.Remove(index);
                *ClassAt(_start, index) = 0;
                _chunks[index] = null;
            }
        }
    }

    /// <summary>
    /// Notes that nothing more is written, and waits until all of it is on the disk. Blocks that are given back later stay, and there
    /// are no more to be had.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }
        _view.Flush();
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(_start + 12, 4), 1);
        _view.Flush();
        _stream.Flush(flushToDisk: true);
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
        _stream.Dispose();
    }

    private const int BootIdBytes = 36;

    /// <summary>Empty where the system doesn't tell: then only a closed file is trusted.</summary>
    private static byte[] BootId()
    {
        const string path = "/proc/sys/kernel/random/boot_id";
        return File.Exists(path) ? File.ReadAllBytes(path)[..BootIdBytes] : [];
    }

    private static bool TryRead(byte* start, long capacity, BlockReader read)
    {
        var header = new ReadOnlySpan<byte>(start, PageBytes);
        if (!header.StartsWith(Magic) || BinaryPrimitives.ReadInt32LittleEndian(header[8..]) != Version)
            return false;
        var bootId = BootId();
        var isClosed = BinaryPrimitives.ReadInt32LittleEndian(header[12..]) == 1;
        if (!isClosed && (bootId.Length == 0 || !header.Slice(16, BootIdBytes).SequenceEqual(bootId)))
            return false;
        for (var index = 1; index < capacity / ChunkBytes; index++)
        {
            var sizeClass = *ClassAt(start, index) - 1;
            if (sizeClass is < 0 or >= Classes)
                continue;
            var blockBytes = SmallestBlock << sizeClass;
            for (var offset = 0; offset < ChunkBytes; offset += blockBytes)
            {
                var address = start + ((long)index * ChunkBytes) + offset;
                var block = new ReadOnlySpan<byte>(address, blockBytes);
                var kind = (BlockKind)BinaryPrimitives.ReadInt32LittleEndian(block);
                var length = BinaryPrimitives.ReadInt32LittleEndian(block[4..]);
                if (kind != BlockKind.Free && length >= 0 && length <= blockBytes - HeaderBytes)
                    read(kind, block.Slice(HeaderBytes, length));
            }
        }
        return true;
    }

    /// <summary>One byte for each chunk, in chunk 0 behind the first page.</summary>
    private static byte* ClassAt(byte* start, int chunk) => start + PageBytes + chunk;

    private static int ClassOf(int length) =>
        Math.Max(0, BitOperations.Log2((uint)(length + HeaderBytes - 1)) + 1 - BitOperations.Log2(SmallestBlock));

    private static void MakeRoom(FileStream stream, int chunk) =>
        RandomAccess.Write(stream.SafeFileHandle, new byte[ChunkBytes], (long)chunk * ChunkBytes);

    private byte* AddressOf(JournalBlock block) => _start + ((long)block.Index * SmallestBlock);

    private bool TryAddChunk(int sizeClass)
    {
        var index = Array.FindIndex(_chunks, 1, chunk => chunk is null);
        if (index < 0 || index >= ChunkBytes - PageBytes)
            return false;
        try
        {
            // Of the zeros that this writes, too, each block is a free one.
            MakeRoom(_stream, index);
        }
        catch (IOException)
        {
            return false;
        }
        _chunks[index] = new Chunk(sizeClass);
        _roomy[sizeClass].Add(index);
        *ClassAt(_start, index) = (byte)(1 + sizeClass);
        return true;
    }

    /// <summary>Which blocks of a chunk are in use.</summary>
    private sealed class Chunk(int sizeClass)
    {
        private readonly int _count = ChunkBytes / (SmallestBlock << sizeClass);
        private readonly ulong[] _used = new ulong[Math.Max(1, ChunkBytes / (SmallestBlock << sizeClass) / 64)];
        private int _taken;
        private int _next;

        public int SizeClass => sizeClass;

        public bool IsFull => _taken == _count;

        public bool IsEmpty => _taken == 0;

        public int Take()
        {
            // Words of fewer blocks than bits are the only ones of their chunks.
            var word = _next;
            while (_used[word] == ulong.MaxValue)
                word = (word + 1) % _used.Length;
            _next = word;
            var bit = BitOperations.TrailingZeroCount(~_used[word]);
            _used[word] |= 1UL << bit;
            _taken++;
            return (word * 64) + bit;
        }

        public void Give(int slot)
        {
            _used[slot / 64] &= ~(1UL << (slot % 64));
            _next = slot / 64;
            _taken--;
        }
    }
}

/// <summary>Takes a block of a <see cref="JournalFile"/>; the content is valid until it returns.</summary>
internal delegate void BlockReader(BlockKind kind, ReadOnlySpan<byte> content);
