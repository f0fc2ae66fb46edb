using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Speech;

/// <summary>Which accounts want the voice messages that they get as text.</summary>
internal sealed class SpeechWishes(ISessionDirectory sessions, IAccountDataStore data)
{
    private const string Kind = "speech-to-text";

    private static readonly byte[] Yes = [.. "1"u8];

    private readonly AccountCache<string> _accounts = new(sessions, async (account, cancellationToken) =>
        await data.FindAsync(account, Kind, "", cancellationToken) is null ? "" : "1");

    public async ValueTask<bool> HasAsync(Jid account, CancellationToken cancellationToken) =>
        (await _accounts.GetAsync(account, cancellationToken)).Length > 0;

    /// <returns>False when there is no such account.</returns>
    public ValueTask<bool> SetAsync(Jid account, bool wants, CancellationToken cancellationToken) =>
        _accounts.ChangeAsync(account, async cell =>
        {
            if (!wants)
                await data.RemoveAsync(account, Kind, "", cancellationToken);
            else if (await data.SetAsync(account, Kind, "", Yes, new(1, 1), cancellationToken) is not AccountDataOutcome.Kept)
                return false;
            cell.Value = wants ? "1" : "";
            return true;
        }, cancellationToken);

    public ValueTask ForgetAsync(Jid account) => _accounts.ForgetAsync(account);
}
