using Xmpp.Core.Storage;

namespace Xmpp.Storage;

/// <summary>A <see cref="LastSeen"/> that owns its presence.</summary>
internal readonly record struct LastSeenNote(DateTimeOffset At, byte[] Presence);
