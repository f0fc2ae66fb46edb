using Xmpp.Core.Modules;

namespace Xmpp.Modules.Push;

/// <summary>XEP-0357.</summary>
public sealed record PushOptions
{
    /// <summary>Nodes of push services that an account may enable.</summary>
    [Number(1, 1000)]
    public int MaxPerAccount { get; init; } = 10;

    /// <summary>What is kept of all of them together, with their publish options.</summary>
    [Bytes(1024, 16 * 1024 * 1024)]
    public int MaxBytes { get; init; } = 32_768;

    /// <summary>Whether push services learn who has written: also those who run them.</summary>
    public bool IncludeSender { get; init; }

    /// <summary>Whether push services learn what was written.</summary>
    public bool IncludeBody { get; init; }

    /// <summary>How long a client that is connected has to say something after it was sent a message, before it is woken.</summary>
    [Duration("1s", "10m")]
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After so many errors in a row that may pass a node is disabled; after one that won't at once.</summary>
    [Number(1, 1000)]
    public int MaxErrors { get; init; } = 5;
}
