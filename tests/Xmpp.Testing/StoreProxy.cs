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

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_owner.Failure is not { } condition)
            return targetMethod!.Invoke(_store, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);

        var fault = new StoreException(condition, "The test made the store fail.");
        var result = targetMethod!.ReturnType;
        return result.IsGenericType
            ? FailTyped.MakeGenericMethod(result.GenericTypeArguments).Invoke(null, [fault])
            : new ValueTask(Task.FromException(fault));
    }

    private static ValueTask<T> Fail<T>(StoreException fault) => ValueTask.FromException<T>(fault);
}
