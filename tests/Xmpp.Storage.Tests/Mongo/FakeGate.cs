using System.Threading.Channels;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>Keeps commands of one name waiting at a <see cref="FakeMongod"/> until it is opened.</summary>
internal sealed class FakeGate
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<string> _arrived = Channel.CreateUnbounded<string>();

    public FakeGate(FakeMongod mongod, string command) => mongod.Before = async arrived =>
    {
        if (arrived.Name == command)
        {
            _arrived.Writer.TryWrite(command);
            await _open.Task;
        }

        return null;
    };

    /// <summary>Completes when one more has arrived.</summary>
    public ValueTask<string> ArrivedAsync() => _arrived.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public void Open() => _open.TrySetResult();
}
