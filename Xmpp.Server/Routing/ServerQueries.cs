using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Routing;

/// <inheritdoc cref="IServerQueries"/>
/// <remarks>What a session was asked is kept in the session, so that nobody else can answer, and goes with it.</remarks>
internal sealed class ServerQueries(TimeProvider time) : IServerQueries
{
    /// <summary>Requests that may wait for one client at a time; one that answers nothing is not asked for ever more.</summary>
    private const int MaxPending = 16;

    private static readonly SessionKey<Pending> Key = new();

    private long _last;

    public async ValueTask<Element?> AskAsync(
        ISession session, Jid from, IqType type, Element payload, TimeSpan patience, CancellationToken cancellationToken)
    {
        var pending = PendingOf(session);
        var id = $"q{Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture)}";
        if (pending.Add(id, from) is not { } answer)
            return null;
        try
        {
            session.Send(new Element(Namespaces.Client, "iq",
                Element.Attr("type", type == IqType.Get ? "get" : "set"),
                Element.Attr("id", id),
                Element.Attr("from", from.ToString()),
                Element.Attr("to", session.Jid.ToString()),
                payload));
            return await answer.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            pending.Take(id);
        }
    }

    /// <summary>Takes an IQ of type "result" or "error" that a client sent to the server or its account; others are ignored.</summary>
    public static void Answer(ISession sender, StanzaView iq, Jid to)
    {
        if (sender.State.Get(Key) is { } pending && pending.Take(iq.Attribute("id"u8)!, asker => to == asker || to == sender.Jid.Bare) is { } asked)
            asked.TrySetResult(iq.ToElement());
    }

    /// <summary>Nothing will be answered any more, nor what is asked from now on: who asks may be late.</summary>
    public static void End(ISession session) => PendingOf(session).End();

    private static Pending PendingOf(ISession session)
    {
        if (session.State.Get(Key) is { } pending)
            return pending;
        lock (session.State)
        {
            if (session.State.Get(Key) is null)
                session.State.Set(Key, new Pending());
            return session.State.Get(Key)!;
        }
    }

    private sealed class Pending
    {
        private readonly Dictionary<string, (Jid Asker, TaskCompletionSource<Element?> Answer)> _asked = [];
        private bool _hasEnded;

        /// <summary>What completes with the answer; null when there are too many, or will be none.</summary>
        public Task<Element?>? Add(string id, Jid asker)
        {
            // Who asked goes on elsewhere, not in the loop of the client that answers.
            var answer = new TaskCompletionSource<Element?>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_asked)
            {
                if (_hasEnded || _asked.Count >= MaxPending)
                    return null;
                _asked.Add(id, (asker, answer));
                return answer.Task;
            }
        }

        public TaskCompletionSource<Element?>? Take(string id, Func<Jid, bool>? isAddressed = null)
        {
            lock (_asked)
            {
                if (!_asked.TryGetValue(id, out var asked) || isAddressed?.Invoke(asked.Asker) == false)
                    return null;
                _asked.Remove(id);
                return asked.Answer;
            }
        }

        public void End()
        {
            lock (_asked)
            {
                _hasEnded = true;
                foreach (var (_, answer) in _asked.Values)
                    answer.TrySetResult(null);
            }
        }
    }
}
