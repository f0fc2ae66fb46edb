using System.Buffers.Text;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>SASL over the stream (RFC 6120 §6). Mechanisms are Xmpp.Core's; the wire format is here.</summary>
internal sealed class SaslNegotiation(StreamNegotiator negotiator, SaslAttempts attempts) : StreamFeature(negotiator)
{
    public override IEnumerable<Element> Offer()
    {
        if (attempts.Context is not { } context)
            yield break;
        yield return new Element(Namespaces.Sasl, "mechanisms",
            context.OfferedMechanisms.Select(name => new Element(Namespaces.Sasl, "mechanism", name)));
        if (ChannelBindingCapability.Feature(context) is { } capability)
            yield return capability;
    }

    public override bool Accepts(Element element) =>
        Negotiator.Phase < NegotiationPhase.Authenticated
        && element.Name is { Namespace: Namespaces.Sasl, Local: "auth" or "response" or "abort" };

    public override async ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        var outcome = await StepAsync(element, cancellationToken);
        switch (outcome)
        {
            case SaslOutcome.Challenge challenge:
                Send("challenge", challenge.Data);
                break;
            case SaslOutcome.Success success:
                await SucceedAsync(success, cancellationToken);
                break;
            case SaslOutcome.Failure failure:
                attempts.Fail(failure, Namespaces.Sasl);
                break;
        }
    }

    private async ValueTask<SaslOutcome> StepAsync(Element element, CancellationToken cancellationToken)
    {
        if (Negotiator.Phase == NegotiationPhase.Clear)
            return new SaslOutcome.Failure(SaslFailureCondition.EncryptionRequired);
        if (element.Name.Local == "abort")
            return new SaslOutcome.Failure(SaslFailureCondition.Aborted);
        if (element.Name.Local == "auth" == attempts.IsInProgress)
            return new SaslOutcome.Failure(SaslFailureCondition.MalformedRequest);
        if (!TryDecode(element.Text, out var message))
            return new SaslOutcome.Failure(SaslFailureCondition.IncorrectEncoding);
        return attempts.IsInProgress
            ? await attempts.ContinueAsync(message ?? ReadOnlyMemory<byte>.Empty, cancellationToken)
            : await attempts.BeginAsync(attempts.Context!, element["mechanism"], message, cancellationToken);
    }

    private async ValueTask SucceedAsync(SaslOutcome.Success success, CancellationToken cancellationToken)
    {
        attempts.Succeed(success.Account);
        Send("success", success.Data);
        Negotiator.Authenticated(success.Account);
        if (!success.IsAnonymous)
            await Negotiator.Server.NoteLoginAsync(success.Account, cancellationToken);
    }

    private void Send(string name, ReadOnlyMemory<byte> data) =>
        Negotiator.Stream.Send(new Element(Namespaces.Sasl, name, data.IsEmpty ? null : Convert.ToBase64String(data.Span)));

    /// <summary>§6.4.2: nothing is no message, "=" an empty one, anything else strict base64.</summary>
    private static bool TryDecode(string text, out ReadOnlyMemory<byte>? message)
    {
        message = text == "=" ? ReadOnlyMemory<byte>.Empty : default(ReadOnlyMemory<byte>?);
        if (text is "" or "=")
            return true;
        if (text.Any(char.IsWhiteSpace) || !Base64.IsValid(text))
            return false;
        message = Convert.FromBase64String(text);
        return true;
    }
}
