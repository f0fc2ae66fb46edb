using Xmpp.Core;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Many together or one alone, in the order in which they came.</summary>
public sealed class AccountGatesTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");

    [Fact]
    public async Task Many_go_in_together_and_one_waits_until_all_are_out()
    {
        var gates = new AccountGates();
        var first = await gates.EnterAsync(Juliet, alone: false);
        var second = await gates.EnterAsync(Juliet, alone: false);
        var alone = gates.EnterAsync(Juliet, alone: true).AsTask();

        first.Dispose();
        Assert.False(alone.IsCompleted);
        second.Dispose();
        (await alone).Dispose();
        Assert.Equal(0, gates.Count);
    }

    [Fact]
    public async Task Who_comes_behind_one_that_waits_alone_waits_too()
    {
        var gates = new AccountGates();
        var inside = await gates.EnterAsync(Juliet, alone: false);
        var alone = gates.EnterAsync(Juliet, alone: true).AsTask();
        var later = new[] { gates.EnterAsync(Juliet, alone: false).AsTask(), gates.EnterAsync(Juliet, alone: false).AsTask() };

        inside.Dispose();
        var entered = await alone;
        Assert.All(later, waiting => Assert.False(waiting.IsCompleted));
        entered.Dispose();
        foreach (var pass in await Task.WhenAll(later))
            pass.Dispose();
        Assert.Equal(0, gates.Count);
    }

    [Fact]
    public async Task One_account_does_not_wait_for_another()
    {
        var gates = new AccountGates();
        using var inside = await gates.EnterAsync(Juliet, alone: true);

        (await gates.EnterAsync(Jid.Parse("romeo@localhost"), alone: true)).Dispose();
    }

    [Fact]
    public async Task Alone_is_alone_whoever_hurries()
    {
        var gates = new AccountGates();
        var (together, alone) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var isAlone = (i + worker) % 5 == 0;
                using (await gates.EnterAsync(Juliet, isAlone))
                {
                    if (isAlone)
                        Assert.Equal(1, Interlocked.Increment(ref alone));
                    else
                        Interlocked.Increment(ref together);
                    Assert.True(Volatile.Read(ref alone) == 0 || Volatile.Read(ref together) == 0);
                    if (i % 3 == 0)
                        await Task.Yield();
                    if (isAlone)
                        Interlocked.Decrement(ref alone);
                    else
                        Interlocked.Decrement(ref together);
                }
            }
        })));
        Assert.Equal(0, gates.Count);
    }
}
