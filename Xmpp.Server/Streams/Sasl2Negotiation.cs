using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>
/// XEP-0388 Extensible SASL Profile: authentication, and along with it what makes the client be back online. What follows success is
/// <see cref="InlineLogin"/>'s. TLS early data (0-RTT) is neither offered nor accepted: nothing that comes here was replayed.
/// </summary>
[Xep(388, "1.0.4")]
internal sealed class Sasl2Negotiation(StreamNegotiator negotiator, SaslAttempts attempts, StreamResumption resumption)
    : StreamFeature(negotiator)
{
    public const string Ns = "urn:xmpp:sasl:2";

    /// <summary>While authentication is in progress.</summary>
    private InlineLogin? _login;

    public override IEnumerable<Element> Offer()
    {
        if (attempts.Context is not { IsEncrypted: true, OfferedMechanisms.Count: > 0 } context)
            return [];
        return
        [
            new Element(Ns, "authentication",
                context.OfferedMechanisms.Select(name => new Element(Ns, "mechanism", name)),
                new Element(Ns, "inline", InlineLogin.Features(Negotiator, context)),
                ScramUpgrade.Features(Negotiator.Server)),
        ];
    }

    /// <summary>While authentication is in progress everything: nothing else may come.</summary>
    public override bool Accepts(Element element) =>
        _login is not null || (Negotiator.Phase < NegotiationPhase.Authenticated && element.Name.Namespace == Ns);

    public override async ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        // White space between elements is passed over, although clients must not send it either: some end each element with a line feed.
        SaslOutcome? outcome = element.Name switch
        {
            { Namespace: Ns, Local: "authenticate" } when _login is null => await BeginAsync(element, cancellationToken),
            { Namespace: Ns, Local: "response" } when _login is { Task: null } => await ContinueAsync(element, cancellationToken),
            { Namespace: Ns, Local: "next" } when _login is { Task: not null } login => login.BeginTask(element),
            { Namespace: Ns, Local: "task-data" } when _login is { Task: not null } login =>
                await login.CompleteTaskAsync(element, cancellationToken),
            { Namespace: Ns, Local: "abort" } when _login is not null => new SaslOutcome.Failure(SaslFailureCondition.Aborted),
            _ => throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "This has no place in authentication."),
        };
        switch (outcome)
        {
            case SaslOutcome.Challenge challenge:
                Negotiator.Stream.Send(new Element(Ns, "challenge", Convert.ToBase64String(challenge.Data.Span)));
                break;
            case SaslOutcome.Success success:
                if (await _login!.CompleteAsync(success, cancellationToken))
                    _login = null;
                break;
            case SaslOutcome.Failure failure:
                _login = null;
                attempts.Fail(failure, Ns);
                break;
        }
    }

    private async ValueTask<SaslOutcome> BeginAsync(Element request, CancellationToken cancellationToken)
    {
        if (attempts.Context is not { IsEncrypted: true } context)
            return new SaslOutcome.Failure(SaslFailureCondition.EncryptionRequired);
        if (attempts.IsInProgress)
            return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest);
        ReadOnlyMemory<byte>? message = null;
        if (request.Child(Ns, "initial-response") is { } response)
        {
            if (!Base64Text.TryDecode(response.Text, out var initial))
                return new SaslOutcome.Failure(SaslFailureCondition.IncorrectEncoding);
            message = initial;
        }
        _login = new InlineLogin(Negotiator, attempts, resumption, context with { StreamFrom = Negotiator.From }, request);
        return await _login.BeginAsync(message, cancellationToken);
    }

    private ValueTask<SaslOutcome> ContinueAsync(Element response, CancellationToken cancellationToken) =>
        Base64Text.TryDecode(response.Text, out var message)
            ? attempts.ContinueAsync(message, cancellationToken)
            : new(new SaslOutcome.Failure(SaslFailureCondition.IncorrectEncoding));
}
