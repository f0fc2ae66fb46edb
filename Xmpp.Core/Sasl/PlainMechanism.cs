using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>
/// PLAIN (RFC 4616): the password itself, hence inside TLS only. Every attempt costs a PBKDF2, for accounts that don't exist as well.
/// </summary>
/// <param name="decoys">What the password is compared with when there is no such account.</param>
public sealed class PlainMechanism(DecoyKeys decoys) : ISaslMechanism
{
    public const string MechanismName = "PLAIN";

    // Of the whole process: more at a time than there are processors makes each slower and none sooner.
    private static readonly SemaphoreSlim _derivations = new(Environment.ProcessorCount);

    public string Name => MechanismName;

    public bool IsAvailable(SaslContext context) => context.IsEncrypted;

    public ISaslExchange Start(SaslContext context) => new Exchange(this, context);

    /// <summary>message = [authzid] UTF8NUL authcid UTF8NUL passwd (RFC 4616 §2)</summary>
    internal static bool TryParse(
        ReadOnlySpan<byte> message,
        out string authorizationId, [NotNullWhen(true)] out string? username, [NotNullWhen(true)] out string? password)
    {
        (authorizationId, username, password) = ("", null, null);
        Span<Range> parts = stackalloc Range[4];
        if (!Utf8.IsValid(message) || Split(message, parts) != 3 || message[parts[1]].IsEmpty || message[parts[2]].IsEmpty)
            return false;
        authorizationId = Encoding.UTF8.GetString(message[parts[0]]);
        username = Encoding.UTF8.GetString(message[parts[1]]);
        password = Encoding.UTF8.GetString(message[parts[2]]);
        return true;
    }

    private static int Split(ReadOnlySpan<byte> message, Span<Range> parts)
    {
        var count = 0;
        foreach (var part in message.Split((byte)0))
        {
            if (count == parts.Length)
                break;
            parts[count++] = part;
        }
        return count;
    }

    private sealed class Exchange(PlainMechanism mechanism, SaslContext context) : SaslExchange
    {
        private bool _asked;

        protected override async ValueTask<SaslOutcome> StepAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
        {
            if (message is null && !_asked)
            {
                _asked = true;
                return new SaslOutcome.Challenge(ReadOnlyMemory<byte>.Empty);
            }
            if (message is not { } received
                || !TryParse(received.Span, out var authorizationId, out var username, out var password))
            {
                return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest);
            }
            if (context.AccountOf(username) is not { } jid)
                return new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: username);
            if (!context.MayActAs(jid, authorizationId))
                return new SaslOutcome.Failure(SaslFailureCondition.InvalidAuthzid, Username: jid.Local);

            var account = await context.Accounts.FindAsync(jid, cancellationToken);
            var keys = account is { Keys.Count: > 0 } ? account.Keys : mechanism.DecoysFor(jid);
            var verified = await VerifyAsync(password, keys, cancellationToken);
            if (!verified || account is null)
                return new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: jid.Local);
            return account.Enabled
                ? new SaslOutcome.Success(jid)
                : new SaslOutcome.Failure(SaslFailureCondition.AccountDisabled, Username: jid.Local);
        }
    }

    private IReadOnlyList<ScramKeys> DecoysFor(Jid account) => [decoys.For(account, ScramHash.All[0])];

    /// <summary>Off the calling thread, which serves other connections meanwhile.</summary>
    private static async Task<bool> VerifyAsync(string password, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken)
    {
        await _derivations.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => PasswordKeys.Verify(password, keys), cancellationToken);
        }
        finally
        {
            _derivations.Release();
        }
    }
}
