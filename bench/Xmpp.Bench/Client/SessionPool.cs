namespace Xmpp.Bench.Client;

/// <summary>Bound sessions, one account each, that live until the end of a scenario.</summary>
/// <param name="hibernating">Whether they lose their connections at once, and the server waits for them (XEP-0198).</param>
internal sealed class SessionPool(Target target, bool available, bool hibernating = false) : IDisposable
{
    private const string Resource = "bench";
    private const int Concurrency = 8;

    private readonly List<ClientStream> _sessions = [];

    public IReadOnlyList<ClientStream> Sessions => _sessions;

    /// <summary>Logs further accounts in until there are <paramref name="count"/> sessions, in the order of the accounts' numbers.</summary>
    public void GrowTo(int count)
    {
        var first = _sessions.Count;
        var added = new ClientStream?[count - first];
        try
        {
            Workers.Run(added.Length, Concurrency, i =>
            {
                added[i] = ClientStream.Login(target, first + i, Resource);
                if (available)
                    added[i]!.BecomeAvailable();
                if (hibernating)
                {
                    _ = Acknowledgements.Enable(added[i]!);
                    added[i]!.Dispose();
                }
            });
        }
        finally
        {
            _sessions.AddRange(added.OfType<ClientStream>());
        }
    }

    public void Dispose()
    {
        foreach (var session in _sessions)
            session.Dispose();
        _sessions.Clear();
    }
}
