using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Modules;
using Xmpp.Server.Modules;

namespace Xmpp.Server.Hosting;

/// <inheritdoc cref="IAccountService"/>
/// <param name="iterations">PBKDF2 iterations of new keys, now.</param>
/// <param name="modules">Those that are loaded now.</param>
/// <param name="endSessions">Ends the sessions of a bare JID, or one of a full JID, but not the one excepted; says how many.</param>
internal sealed partial class AccountService(
    IAccountStore accounts, TimeProvider time, Func<int> iterations, Func<ModuleTable> modules,
    Func<Jid, ISession?, StreamError, int> endSessions, ILogger<AccountService> logger) : IAccountService
{
    /// <summary>Keys are changed one after the other, so that none are added to those of another password.</summary>
    private readonly AccountGates _keyChanges = new();

    public async ValueTask<IReadOnlyList<ScramKeys>?> MakeKeysAsync(string password, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => PasswordKeys.Create(password, iterations()), cancellationToken);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public async ValueTask<bool> AddAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken)
    {
        if (!await accounts.AddAsync(new(account, keys, Enabled: true, time.GetUtcNow(), LastLogin: null), cancellationToken))
            return false;
        LogAdded(account);
        await TellAsync(modules().AccountAdded, account);
        return true;
    }

    public async ValueTask<bool> SetKeysAsync(
        Jid account, IReadOnlyList<ScramKeys> keys, ISession? except, CancellationToken cancellationToken)
    {
        using (await _keyChanges.EnterAsync(account, alone: true))
        {
            if (!await accounts.SetKeysAsync(account, keys, cancellationToken))
                return false;
        }
        // RFC 6120 §4.9.3.16: "reset" asks to authenticate anew.
        endSessions(account, except, new(StreamErrorCondition.Reset, "The password was changed."));
        return true;
    }

    /// <summary>Adds keys of a further hash, made of the same password as those that the account has.</summary>
    /// <param name="before">The account as it was when somebody proved to know that password.</param>
    /// <returns>False when the password has changed since, or the account is gone.</returns>
    public async ValueTask<bool> AddKeysAsync(Account before, ScramKeys keys, CancellationToken cancellationToken)
    {
        using var gate = await _keyChanges.EnterAsync(before.Jid, alone: true);
        if (await accounts.FindAsync(before.Jid, cancellationToken) is not { } account
            || !account.Keys.Any(key => key.StoredKey.Span.SequenceEqual(before.Keys[0].StoredKey.Span)))
        {
            return false;
        }
        return await accounts.SetKeysAsync(
            account.Jid, [.. account.Keys.Where(key => key.Hash != keys.Hash), keys], cancellationToken);
    }

    public async ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken)
    {
        if (!await accounts.SetEnabledAsync(account, enabled, cancellationToken))
            return false;
        if (!enabled)
            EndSessions(account, new(StreamErrorCondition.NotAuthorized, "The account was disabled."));
        return true;
    }

    public async ValueTask<bool> RemoveAsync(Jid account, ISession? except, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(account, cancellationToken) is null)
            return false;
        await TellAsync(modules().AccountRemoving, account);
        var wasThere = await accounts.DeleteAsync(account, cancellationToken);
        endSessions(account, except, new(StreamErrorCondition.NotAuthorized, "The account was removed."));
        await TellAsync(modules().AccountRemoved, account);
        LogRemoved(account);
        return wasThere;
    }

    public int EndSessions(Jid jid, StreamError error) => endSessions(jid, null, error);

    /// <summary>A module that fails keeps neither the others nor the account from their turn.</summary>
    private async ValueTask TellAsync(ImmutableArray<Func<Jid, ValueTask>> handlers, Jid account)
    {
        foreach (var handler in handlers)
        {
            try
            {
                await handler(account);
            }
            catch (StoreException failure)
            {
                LogStoreFailed(account, failure.Message);
            }
            catch (Exception bug)
            {
                LogHandlerFailed(bug, account);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The account {Account} was made")]
    private partial void LogAdded(Jid account);

    [LoggerMessage(Level = LogLevel.Information, Message = "The account {Account} was removed")]
    private partial void LogRemoved(Jid account);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store failed ({Failure}) while the account {Account} was made or removed")]
    private partial void LogStoreFailed(Jid account, string failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "A module failed while the account {Account} was made or removed")]
    private partial void LogHandlerFailed(Exception bug, Jid account);
}
