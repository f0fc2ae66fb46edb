using System.Collections.Immutable;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Modules;

/// <summary>The guards of all loaded modules, asked one after the other. Costs no allocation as long as they answer at once.</summary>
internal sealed class GuardChain(ImmutableArray<StanzaGuard> guards)
{
    public bool IsEmpty => guards.IsEmpty;

    /// <summary>The verdict of the first that doesn't let the stanza pass.</summary>
    public ValueTask<GuardVerdict> CheckAsync(GuardedStanza stanza, CancellationToken cancellationToken)
    {
        for (var i = 0; i < guards.Length; i++)
        {
            var asked = guards[i](stanza, cancellationToken);
            if (!asked.IsCompletedSuccessfully)
                return CheckAsync(asked, i + 1, stanza, cancellationToken);
            var verdict = asked.Result;
            if (!verdict.Passes)
                return new(verdict);
        }
        return new(GuardVerdict.Pass);
    }

    private async ValueTask<GuardVerdict> CheckAsync(
        ValueTask<GuardVerdict> asked, int next, GuardedStanza stanza, CancellationToken cancellationToken)
    {
        while (true)
        {
            var verdict = await asked;
            if (!verdict.Passes || next == guards.Length)
                return verdict;
            asked = guards[next++](stanza, cancellationToken);
        }
    }
}
