using System.Collections.Immutable;

namespace Xmpp.Core.Modules;

/// <summary>Who is told of presence without being anybody's contact (XEP-0356 §7). The addresses of who is there now.</summary>
public interface IPresenceWatchers
{
    /// <summary>Are told when resources of accounts here come, change and go.</summary>
    ImmutableArray<Jid> OfAccounts { get; }

    /// <summary>Of those, who is also told of these accounts' contacts elsewhere.</summary>
    ImmutableArray<Jid> OfContacts { get; }
}
