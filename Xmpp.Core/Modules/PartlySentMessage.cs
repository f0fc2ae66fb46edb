using Xmpp.Core.Storage;

namespace Xmpp.Core.Modules;

/// <summary>
/// A message that was being given to several when the process was killed. Somebody has it, so it was handled: its sender won't send it again.
/// </summary>
/// <param name="Message">As its archive has it.</param>
/// <param name="Recipients">The full JIDs of those who have it.</param>
public sealed record PartlySentMessage(ArchiveEntry Message, IReadOnlySet<Jid> Recipients);
