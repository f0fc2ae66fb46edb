using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Crash;

/// <summary>Data as large as real ones.</summary>
public static class Samples
{
    public const string Host = "localhost";

    /// <summary>Of whom the rosters consist that are written until the process is killed.</summary>
    public const int Contacts = 3;

    /// <summary>The hashes of the keys that every account has.</summary>
    public static IReadOnlyList<string> Hashes { get; } = ["SHA-1", "SHA-256", "SHA-512"];

    public static Account NewAccount(string name) => new(
        Jid.Parse($"{name}@{Host}"), [.. Hashes.Select(NewKeys)], Enabled: true, DateTimeOffset.UnixEpoch, LastLogin: null);

    /// <summary>Entries of a version, named after it.</summary>
    public static RosterChange NewRoster(long version, int contacts) => new(version)
    {
        Saved =
        [
            .. Enumerable.Range(0, contacts).Select(i => new RosterEntry(Jid.Parse($"contact{i}@{Host}"))
            {
                IsListed = true,
                Subscription = SubscriptionState.Both,
                Name = $"Contact {version}",
                Groups = ["Friends"],
                Version = version,
            }),
        ],
    };

    public static ReadOnlyMemory<byte> NewMessage(string body) =>
        Encoding.UTF8.GetBytes($"<message from='romeo@{Host}/orchard' to='juliet@{Host}' type='chat'><body>{body}</body></message>");

    public static ArchiveEntry NewArchived(Jid account, string body) => new(
        account, SortableId.New(DateTimeOffset.UtcNow), Jid.Parse($"romeo@{Host}/orchard"), IsIncoming: true, NewMessage(body), body, IsShown: true);

    private static ScramKeys NewKeys(string hash) => new(
        hash, RandomNumberGenerator.GetBytes(16), 10_000, RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
}
