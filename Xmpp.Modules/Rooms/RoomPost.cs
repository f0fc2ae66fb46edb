using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// What a room sends to accounts: in order, and not while the room is had, since who gets it may have much to do with it.
/// </summary>
internal sealed class RoomPost(Jid room, RoomServices services)
{
    /// <summary>Messages that may wait. Of what is only told, more is left out.</summary>
    private const int MaxWaiting = 1000;

    private readonly Queue<(Element Message, IReadOnlyList<Jid> To)> _waiting = new();
    private bool _isSending;

    /// <summary>Sends a message that has to come.</summary>
    public void Send(Element message, Jid to) => Queue(message, [to]);

    /// <summary>Tells many of something, unless they have enough to hear of.</summary>
    public void Forward(Element message, IReadOnlyList<Jid> to)
    {
        lock (_waiting)
        {
            if (_waiting.Count >= MaxWaiting)
                return;
        }
        Queue(message, to);
    }

    private void Queue(Element message, IReadOnlyList<Jid> to)
    {
        lock (_waiting)
        {
            _waiting.Enqueue((message, to));
            if (_isSending)
                return;
            _isSending = true;
        }
        services.Tasks.Run($"Messages of {room}", SendAllAsync);
    }

    private async ValueTask SendAllAsync(CancellationToken cancellationToken)
    {
        while (Take() is var (message, recipients))
        {
            foreach (var to in recipients)
                await SendAsync(message.With("to", to.ToString()), to, cancellationToken);
        }
    }

    private async ValueTask SendAsync(Element message, Jid to, CancellationToken cancellationToken)
    {
        try
        {
            await services.Stanzas.SendMessageAsync(message, cancellationToken);
        }
        catch (StoreException failure)
        {
            services.Tasks.Note($"A message of {room} to {to} could not be kept: {failure.Message}");
        }
    }

    private (Element Message, IReadOnlyList<Jid> To)? Take()
    {
        lock (_waiting)
        {
            if (_waiting.TryDequeue(out var next))
                return next;
            _isSending = false;
            return null;
        }
    }
}
