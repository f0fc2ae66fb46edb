using Xmpp.Core.Modules;

namespace Xmpp.Modules.BitsOfBinary;

/// <summary>Small pictures and such that stand in messages (XEP-0231), kept in memory for those who ask for them later.</summary>
public sealed record BitsOfBinaryOptions
{
    /// <summary>The largest that is kept.</summary>
    [Bytes(1, 64 * 1024)]
    public int DataBytes { get; init; } = 8 * 1024;

    /// <summary>What is kept altogether; the oldest goes first.</summary>
    [Bytes(64 * 1024, 1024 * 1024 * 1024)]
    public int CacheBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long, at most.</summary>
    [Duration("1m", "30d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(1);
}
