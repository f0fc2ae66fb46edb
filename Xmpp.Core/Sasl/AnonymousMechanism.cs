using System.Text;
using System.Text.Unicode;
using Xmpp.Core.Modules;

namespace Xmpp.Core.Sasl;

/// <summary>
/// ANONYMOUS (RFC 4505, XEP-0175): anybody, under an address that nobody had before. The account exists nowhere but in the session.
/// </summary>
[Xep(175, "1.2")]
public sealed class AnonymousMechanism : ISaslMechanism
{
    public const string MechanismName = "ANONYMOUS";

    /// <summary>Characters of trace data (RFC 4505 §2).</summary>
    private const int MaxTraceLength = 255;

    public string Name => MechanismName;

    public bool IsAvailable(SaslContext context) => true;

    public ISaslExchange Start(SaslContext context) => new Exchange(context);

    private sealed class Exchange(SaslContext context) : SaslExchange
    {
        protected override ValueTask<SaslOutcome> StepAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
        {
            // Trace data may come or not (XEP-0175 §3 shows none and no challenge either); only its syntax is looked at.
            if (message is { } trace && !IsTrace(trace.Span))
                return new(new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest));

            // A version 4 UUID comes from the system's CSPRNG, 122 bits of it.
            var account = context.AccountOf(Guid.NewGuid().ToString())
                ?? throw new InvalidOperationException($"'{context.Host}' is not a domainpart.");
            return new(new SaslOutcome.Success(account, IsAnonymous: true));
        }

        private static bool IsTrace(ReadOnlySpan<byte> trace) =>
            Utf8.IsValid(trace) && !trace.Contains((byte)0) && Encoding.UTF8.GetCharCount(trace) <= MaxTraceLength * 2
            && Encoding.UTF8.GetString(trace).EnumerateRunes().Count() <= MaxTraceLength;
    }
}
