using System.Reflection;
using Xmpp.Core.Storage;

namespace Xmpp.Testing;

/// <summary>Stands for one of the stores of a <see cref="FaultyStore"/>, whichever interface that has.</summary>
public class StoreProxy : DispatchProxy
{
    private static readonly MethodInfo FailTyped = typeof(StoreProxy).GetMethod(nameof(Fail), BindingFlags.Static | BindingFlags.NonPublic)!;

    private FaultyStore _owner = null!;
    private object _store = null!;

    internal void Attach(FaultyStore owner, object store) => (_owner, _store) = (owner, store);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _owner.ArchiveHold is { } hold && targetMethod!.Name == nameof(IArchiveStore.AddAsync) && _store is IArchiveStore
            ? new ValueTask(WaitAsync(hold, targetMethod, args))
            : _owner.OfflineEnd is { } end && targetMethod!.Name == nameof(IOfflineStore.AddAsync) && _store is IOfflineStore
            ? new ValueTask<OfflineOutcome>(EndLaterAsync(end, targetMethod, args))
            : InvokeNow(targetMethod, args);

    private async Task WaitAsync(Task hold, MethodInfo method, object?[]? args)
    {
        await hold;
        await (ValueTask)InvokeNow(method, args)!;
    }

    private async Task<OfflineOutcome> EndLaterAsync(Task end, MethodInfo method, object?[]? args)
    {
        var outcome = await (ValueTask<OfflineOutcome>)InvokeNow(method, args)!;
        await end;
        return outcome;
    }

    private object? InvokeNow(MethodInfo? targetMethod, object?[]? args)
    {
        // What is read piece by piece is read nevertheless.
        if (_owner.Failure is not { } condition || targetMethod!.ReturnType.Name.StartsWith("IAsyncEnumerable", StringComparison.Ordinal))
            return targetMethod!.Invoke(_store, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);

        var fault = new StoreException(condition, "The test made the store fail.");
        var result = targetMethod!.ReturnType;
        var done = _owner.LosesAnswers
            ? targetMethod.Invoke(_store, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null)
            : null;
        return result.IsGenericType
            ? FailTyped.MakeGenericMethod(result.GenericTypeArguments).Invoke(null, [done, fault])
            : new ValueTask(FailAsync(done, fault));
    }

    private static async ValueTask<T> Fail<T>(object? done, StoreException fault)
    {
        if (done is ValueTask<T> task)
            await task;
        throw fault;
    }

    private static async Task FailAsync(object? done, StoreException fault)
    {
        if (done is ValueTask task)
            await task;
        throw fault;
    }
}
