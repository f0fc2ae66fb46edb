using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Server.Sessions.Journal;

/// <summary>Which stanza of which session something comes from; the default is none that matters.</summary>
/// <param name="Session">The number of a <see cref="SessionJournal"/>'s session.</param>
/// <param name="Stanza">What its client's count is with that stanza.</param>
internal readonly record struct StanzaOrigin(long Session, uint Stanza);

/// <summary>A session as it is when its client enables stream management.</summary>
internal sealed record SessionRecord(
    long Number, uint Handled, uint Acknowledged, string Id, Jid Jid, DateTimeOffset Since, string? Language, TimeSpan ResumeTime);

/// <summary>What changes in a session now and then.</summary>
/// <param name="Generation">The highest one counts.</param>
/// <param name="Address">Where its client is, or was.</param>
/// <param name="Presence">By which it is available, or null.</param>
/// <param name="State">What modules keep for it.</param>
internal sealed record DetailsRecord(
    long Session, int Generation, string Address, byte[]? Presence, IReadOnlyList<KeyValuePair<string, byte[]>> State);

/// <summary>A way to another server. What it has to bring over stands in stanzas of its number.</summary>
/// <param name="Generation">The highest one counts.</param>
/// <param name="Acknowledged">The number of the last stanza that the other server has acknowledged, modulo 2^32.</param>
/// <param name="Base">The number of the last stanza that does not count on the stream.</param>
/// <param name="StreamId">By which the stream can be resumed; null when it can't.</param>
internal sealed record LinkRecord(
    long Number, int Generation, uint Acknowledged, uint Base, string Local, string Remote, string? StreamId);

/// <summary>A stream that another server has made and may resume.</summary>
/// <param name="Handled">Stanzas of it that were handled, modulo 2^32.</param>
internal sealed record RemoteRecord(long Number, uint Handled, string Id, string Local, string Remote);

/// <summary>A stanza that its session's client, or the server at the end of its link, has not acknowledged.</summary>
/// <param name="Number">Among all that were sent to the session, modulo 2^32.</param>
/// <param name="SentAt">Milliseconds since 1970.</param>
/// <param name="Origin">The message that it is, or is a copy of.</param>
internal sealed record StanzaRecord(
    long Session, uint Number, long SentAt, CopyKind Copies, StanzaOrigin Origin, byte[] Stanza);

/// <summary>Messages on their way into archives.</summary>
internal sealed record ArchiveRecord(StanzaOrigin Origin, IReadOnlyList<ArchiveEntry> Entries);

/// <summary>The content of a journal's blocks. Integers are little-endian; strings and bytes stand behind their lengths.</summary>
internal static class JournalRecords
{
    /// <summary>What stands in front of a stanza.</summary>
    public const int StanzaHeaderBytes = 8 + 4 + 8 + 1 + 8 + 4;

    /// <summary>Where the counts of sessions, links and remote streams are, which change in place.</summary>
    private const int HandledAt = 8;
    private const int AcknowledgedAt = 12;

    public static byte[] Write(SessionRecord session) => Write(output =>
    {
        output.Write(session.Number);
        output.Write(session.Handled);
        output.Write(session.Acknowledged);
        output.Write((int)session.ResumeTime.TotalSeconds);
        output.Write(session.Since.ToUnixTimeMilliseconds());
        output.Write(session.Id);
        output.Write(session.Jid.ToString());
        output.Write(session.Language ?? "");
    });

    public static SessionRecord ReadSession(ReadOnlySpan<byte> content) => Read(content, input =>
    {
        var (number, handled, acknowledged) = (input.ReadInt64(), input.ReadUInt32(), input.ReadUInt32());
        var resumeTime = TimeSpan.FromSeconds(input.ReadInt32());
        var since = DateTimeOffset.FromUnixTimeMilliseconds(input.ReadInt64());
        var (id, jid, language) = (input.ReadString(), Jid.Parse(input.ReadString()), input.ReadString());
        return new SessionRecord(number, handled, acknowledged, id, jid, since, language.Length == 0 ? null : language, resumeTime);
    });

    public static byte[] Write(LinkRecord link) => Write(output =>
    {
        output.Write(link.Number);
        output.Write(link.Generation);
        output.Write(link.Acknowledged);
        output.Write(link.Base);
        output.Write(link.Local);
        output.Write(link.Remote);
        output.Write(link.StreamId ?? "");
    });

    public static LinkRecord ReadLink(ReadOnlySpan<byte> content) => Read(content, input =>
    {
        var (number, generation, acknowledged) = (input.ReadInt64(), input.ReadInt32(), input.ReadUInt32());
        var (first, local, remote, id) = (input.ReadUInt32(), input.ReadString(), input.ReadString(), input.ReadString());
        return new LinkRecord(number, generation, acknowledged, first, local, remote, id.Length == 0 ? null : id);
    });

    public static byte[] Write(RemoteRecord remote) => Write(output =>
    {
        output.Write(remote.Number);
        output.Write(remote.Handled);
        output.Write(remote.Id);
        output.Write(remote.Local);
        output.Write(remote.Remote);
    });

    public static RemoteRecord ReadRemote(ReadOnlySpan<byte> content) => Read(content, input =>
        new RemoteRecord(input.ReadInt64(), input.ReadUInt32(), input.ReadString(), input.ReadString(), input.ReadString()));

    public static void SetHandled(Span<byte> session, uint count) => Set(session, HandledAt, count);

    public static void SetAcknowledged(Span<byte> session, uint count) => Set(session, AcknowledgedAt, count);

    public static byte[] Write(DetailsRecord details) => Write(output =>
    {
        output.Write(details.Session);
        output.Write(details.Generation);
        output.Write(details.Address);
        output.Write(details.Presence?.Length ?? -1);
        output.Write(details.Presence ?? []);
        output.Write(details.State.Count);
        foreach (var (name, value) in details.State)
        {
            output.Write(name);
            output.Write(value.Length);
            output.Write(value);
        }
    });

    public static DetailsRecord ReadDetails(ReadOnlySpan<byte> content) => Read(content, input =>
    {
        var (session, generation, address, length) = (input.ReadInt64(), input.ReadInt32(), input.ReadString(), input.ReadInt32());
        var presence = length < 0 ? null : input.ReadBytes(length);
        var state = new KeyValuePair<string, byte[]>[input.ReadInt32()];
        for (var i = 0; i < state.Length; i++)
            state[i] = new(input.ReadString(), input.ReadBytes(input.ReadInt32()));
        return new DetailsRecord(session, generation, address, presence, state);
    });

    /// <param name="output"><see cref="StanzaHeaderBytes"/> and the stanza's length.</param>
    public static void WriteStanza(
        Span<byte> output, long session, uint number, long sentAt, CopyKind copies, StanzaOrigin origin, ReadOnlySpan<byte> stanza)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output, session);
        BinaryPrimitives.WriteUInt32LittleEndian(output[8..], number);
        BinaryPrimitives.WriteInt64LittleEndian(output[12..], sentAt);
        output[20] = (byte)copies;
        BinaryPrimitives.WriteInt64LittleEndian(output[21..], origin.Session);
        BinaryPrimitives.WriteUInt32LittleEndian(output[29..], origin.Stanza);
        stanza.CopyTo(output[StanzaHeaderBytes..]);
    }

    public static StanzaRecord ReadStanza(ReadOnlySpan<byte> content) => new(
        BinaryPrimitives.ReadInt64LittleEndian(content),
        BinaryPrimitives.ReadUInt32LittleEndian(content[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(content[12..]),
        (CopyKind)content[20],
        new(BinaryPrimitives.ReadInt64LittleEndian(content[21..]), BinaryPrimitives.ReadUInt32LittleEndian(content[29..])),
        content[StanzaHeaderBytes..].ToArray());

    /// <summary>How long <see cref="WriteArchive"/>'s output is.</summary>
    public static int LengthOf(IReadOnlyList<ArchiveEntry> entries)
    {
        var length = 8 + 4 + 4;
        foreach (var entry in entries)
        {
            length += 16 + 1 + 4 * 4 + Encoding.UTF8.GetByteCount(entry.Account.ToString())
                + Encoding.UTF8.GetByteCount(entry.With.ToString())
                + Encoding.UTF8.GetByteCount(entry.Text ?? "") + entry.Stanza.Length;
        }
        return length;
    }

    public static void WriteArchive(Span<byte> output, StanzaOrigin origin, IReadOnlyList<ArchiveEntry> entries)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output, origin.Session);
        BinaryPrimitives.WriteUInt32LittleEndian(output[8..], origin.Stanza);
        BinaryPrimitives.WriteInt32LittleEndian(output[12..], entries.Count);
        output = output[16..];
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt128LittleEndian(output, entry.Id.Value);
            output[16] = (byte)((entry.IsIncoming ? 1 : 0) | (entry.IsShown ? 2 : 0) | (entry.Text is null ? 4 : 0));
            output = output[17..];
            Append(ref output, entry.Account.ToString());
            Append(ref output, entry.With.ToString());
            Append(ref output, entry.Text ?? "");
            BinaryPrimitives.WriteInt32LittleEndian(output, entry.Stanza.Length);
            entry.Stanza.Span.CopyTo(output[4..]);
            output = output[(4 + entry.Stanza.Length)..];
        }
    }

    public static ArchiveRecord ReadArchive(ReadOnlySpan<byte> content)
    {
        var origin = new StanzaOrigin(
            BinaryPrimitives.ReadInt64LittleEndian(content), BinaryPrimitives.ReadUInt32LittleEndian(content[8..]));
        var entries = new ArchiveEntry[BinaryPrimitives.ReadInt32LittleEndian(content[12..])];
        content = content[16..];
        for (var i = 0; i < entries.Length; i++)
        {
            var id = new SortableId(BinaryPrimitives.ReadUInt128LittleEndian(content));
            var flags = content[16];
            content = content[17..];
            var account = Jid.Parse(Encoding.UTF8.GetString(Take(ref content)));
            var with = Jid.Parse(Encoding.UTF8.GetString(Take(ref content)));
            var text = Encoding.UTF8.GetString(Take(ref content));
            var stanza = Take(ref content).ToArray();
            entries[i] = new(account, id, with, (flags & 1) != 0, stanza, (flags & 4) != 0 ? null : text, (flags & 2) != 0);
        }
        return new(origin, entries);
    }

    private static void Append(ref Span<byte> output, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, output[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(output, length);
        output = output[(4 + length)..];
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> content)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(content);
        var taken = content.Slice(4, length);
        content = content[(4 + length)..];
        return taken;
    }

    // In one piece: nobody may find half a count.
    private static void Set(Span<byte> session, int at, uint count) =>
        Volatile.Write(ref MemoryMarshal.AsRef<uint>(session[at..]), count);

    private static byte[] Write(Action<BinaryWriter> write)
    {
        var bytes = new MemoryStream();
        using var output = new BinaryWriter(bytes, Encoding.UTF8);
        write(output);
        return bytes.ToArray();
    }

    private static T Read<T>(ReadOnlySpan<byte> content, Func<BinaryReader, T> read)
    {
        using var input = new BinaryReader(new MemoryStream(content.ToArray()), Encoding.UTF8);
        return read(input);
    }
}
