using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Push;

/// <summary>Sends notifications to push services, and takes their answers (XEP-0357 §7.1).</summary>
/// <param name="remove">Disables a node of a service for an account.</param>
internal sealed class PushPublisher(
    IRemoteDomains remote, IServerTasks tasks, PushOptions options,
    Func<Jid, Jid, string?, CancellationToken, ValueTask<bool>> remove)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Publishes in the background; nobody's message waits for it.</summary>
    public void Publish(Jid account, PushDevice device, PushSummary summary) => tasks.Run(
        $"A push notification for {account}", token => PublishAsync(account, device, summary, token));

    private async ValueTask PublishAsync(Jid account, PushDevice device, PushSummary summary, CancellationToken cancellationToken)
    {
        var registration = device.Registration;
        var answer = await remote.AskAsync(
            registration.Service, account.Host, IqType.Set, PushPayload.Of(registration, summary), Patience, cancellationToken);
        if (answer?["type"] == "result")
        {
            device.NotePublished();
            return;
        }
        var error = answer is null ? null : StanzaError.Parse(answer);
        var errors = device.NoteFailed(answer is not null);
        // The device is to be woken by the next message, unless its node is known to be gone.
        if (answer is not null && (error?.Type != StanzaErrorType.Wait || errors >= options.MaxErrors))
        {
            tasks.Note($"The push service {registration.Service} refused ({error?.Condition}): it is disabled for {account}");
            await remove(account, registration.Service, registration.Node, cancellationToken);
        }
    }
}
