using System.Text;
using System.Text.Unicode;
using Xmpp.Core.Modules;

namespace Xmpp.Core.Sasl;

/// <summary>
/// EXTERNAL for clients (RFC 4422 appendix A, XEP-0178 §3): the account that the client's certificate names. Offered only
/// when the certificate proves an address of this host, so that clients without one don't try.
/// </summary>
[Xep(178, "1.2")]
public sealed class ExternalMechanism : ISaslMechanism
{
    public const string MechanismName = "EXTERNAL";

    public string Name => MechanismName;

    public bool IsAvailable(SaslContext context) =>
        context.IsEncrypted && context.ProvenIdentities.Any(identity => IsAccountOf(context.Host, identity));

    public ISaslExchange Start(SaslContext context) => new Exchange(context);

    private static bool IsAccountOf(string host, Jid identity) =>
        identity is { IsBare: true, Local: not null } && identity.Domain == host;

    private sealed class Exchange(SaslContext context) : SaslExchange
    {
        private bool _asked;

        protected override async ValueTask<SaslOutcome> StepAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
        {
            if (message is null && !_asked)
            {
                _asked = true;
                return new SaslOutcome.Challenge(ReadOnlyMemory<byte>.Empty);
            }
            if (message is not { } received || !Utf8.IsValid(received.Span) || received.Span.Contains((byte)0))
                return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest);
            if (Choose(Encoding.UTF8.GetString(received.Span)) is not { } jid)
                return new SaslOutcome.Failure(SaslFailureCondition.InvalidAuthzid);

            return await context.Accounts.FindAsync(jid, cancellationToken) switch
            {
                null => new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: jid.Local),
                { Enabled: false } => new SaslOutcome.Failure(SaslFailureCondition.AccountDisabled, Username: jid.Local),
                _ => new SaslOutcome.Success(jid),
            };
        }

        /// <summary>XEP-0178 §3: the only address needn't be named; of several, the client says which. Null when it may not.</summary>
        private Jid? Choose(string authorizationId)
        {
            var identities = context.ProvenIdentities;
            var chosen = authorizationId.Length > 0
                ? identities.FirstOrDefault(identity => context.MayActAs(identity, authorizationId))
                : identities.Count == 1 ? identities[0] : null;
            return chosen is not null && IsAccountOf(context.Host, chosen) ? chosen : null;
        }
    }
}
