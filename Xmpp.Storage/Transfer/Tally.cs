using System.Security.Cryptography;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>What has gone by: how many records, and a checksum of their lines.</summary>
internal sealed class Tally : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>When the invitations among them end, which some may do on the way.</summary>
    private readonly List<DateTimeOffset> _ends = [];

    public StoreCounts Counts { get; } = new();

    /// <summary>Of all lines so far, with their line feeds.</summary>
    public string Sha256 => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <param name="line">Without its line feed.</param>
    public void Add(StoreRecord record, ReadOnlySpan<byte> line)
    {
        Counts[record.Kind]++;
        _hash.AppendData(line);
        _hash.AppendData("\n"u8);
        if (record is InvitationRecord { Invitation: var invitation })
            _ends.Add(invitation.Expires);
    }

    /// <summary>The invitations that may still be used at this time.</summary>
    public long CountInvitations(DateTimeOffset now) => _ends.LongCount(end => end > now);

    public void Dispose() => _hash.Dispose();
}
