using Xmpp.Bench.Client;

namespace Xmpp.Bench.Scenarios;

/// <summary>A session of each user of a ring; they log in as they are told, fetch their rosters and become available.</summary>
internal sealed class ContactSessions(Target target, ContactRing ring) : IDisposable
{
    private const int Concurrency = 4;

    private readonly ClientStream?[] _sessions = new ClientStream?[ring.Users];

    /// <summary>What all say that they can do; null for nothing.</summary>
    public Capabilities? Capabilities { get; init; }

    public IReadOnlyList<ClientStream> All => [.. _sessions.Select(session => session!)];

    /// <param name="contacts">How many contacts with both subscriptions everybody is to have.</param>
    /// <param name="handler">Gets what arrives during the logins, from several threads; each session has one.</param>
    public void LogIn(IReadOnlyList<int> users, int contacts, SessionLoop.Handler handler) => Workers.Run(users.Count, Concurrency, i =>
    {
        var user = users[i];
        var session = _sessions[user] = ClientStream.Login(target, user, "bench");
        session.Capabilities = Capabilities;
        Check(user, contacts, session.BecomeInterested(element => handler(user, element)));
    });

    /// <summary>Logs everybody out, who waits for the server's closing tag.</summary>
    public void LogOut() => Workers.Run(ring.Users, Concurrency, user => _sessions[user]!.Close());

    public void Dispose()
    {
        foreach (var session in _sessions)
            session?.Dispose();
    }

    private void Check(int user, int expected, string roster)
    {
        // Prosody quotes with ', ejabberd and this server too; both would do.
        var count = roster.Split("subscription='both'").Length + roster.Split("subscription=\"both\"").Length - 2;
        if (count != expected)
        {
            throw new BenchException($"{target.BareJid(user)} has {count} contacts with both subscriptions, {expected} were expected"
                + (count == 0 ? ": the command \"contacts\" makes them" : ""));
        }
    }
}
