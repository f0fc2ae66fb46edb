using Xmpp.Core.Modules;

namespace Xmpp.Server.Hosting;

/// <inheritdoc cref="IServerLifetime"/>
internal sealed class ServerLifetime : IServerLifetime
{
    private readonly TaskCompletionSource<ServerEnd> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when somebody asks for the end.</summary>
    public Task<ServerEnd> Asked => _asked.Task;

    public void End(ServerEnd how) => _asked.TrySetResult(how);
}
