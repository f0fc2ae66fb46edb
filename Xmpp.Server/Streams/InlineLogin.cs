using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>
/// What happens along with authentication (XEP-0388, inline features): a stream is resumed (XEP-0198), or else a resource bound
/// (XEP-0386), and one answer tells of all.
/// </summary>
internal sealed class InlineLogin(StreamNegotiator negotiator, StreamResumption resumption, InlineBinding binding)
{
    /// <summary>What clients may ask for.</summary>
    public IEnumerable<Element> Features() => [new Element(StreamManagement.Ns, "sm"), binding.Feature()];

    /// <summary>Does what the client has asked for, and tells it that it has authenticated.</summary>
    /// <param name="request">Its <c>&lt;authenticate/&gt;</c>.</param>
    public async ValueTask CompleteAsync(SaslOutcome.Success success, Element request, CancellationToken cancellationToken)
    {
        var account = success.Account;
        negotiator.AuthenticatedInline(account, success.IsAnonymous ? null : AgentOf(account, request));
        var answer = new Element(Sasl2Negotiation.Ns, "success");
        if (!success.Data.IsEmpty)
            answer = answer.Add(new Element(Sasl2Negotiation.Ns, "additional-data", Convert.ToBase64String(success.Data.Span)));
        await GoOnAsync(answer, request, cancellationToken);
        if (!success.IsAnonymous)
            await negotiator.Server.NoteLoginAsync(account, cancellationToken);
    }

    /// <summary>Makes the client be online, if that is what it has asked for, and tells it what came of it.</summary>
    private async ValueTask GoOnAsync(Element answer, Element request, CancellationToken cancellationToken)
    {
        if (request.Child(StreamManagement.Ns, "resume") is { } resume)
        {
            // XEP-0198, Inline Stream Resumption: it comes first, no features follow it, and binding is for when it fails.
            var failed = await resumption.TryResumeAsync(resume, (session, resumed) => Answer(answer, session.Jid).Add(resumed));
            if (failed is null)
                return;
            answer = answer.Add(failed);
        }
        if (request.Child(InlineBinding.Ns, "bind") is { } bind
            && await binding.BindAsync(bind, cancellationToken) is var (session, bound))
        {
            session.Begin(Bytes(Answer(answer, session.Jid).Add(bound)));
            return;
        }
        negotiator.Stream.Send(Bytes(Answer(answer, negotiator.Account!)));
    }

    private static Element Answer(Element answer, Jid identity) =>
        answer.Add(new Element(Sasl2Negotiation.Ns, "authorization-identifier", identity.ToString()));

    /// <summary>The answer, and the features that follow it at once: there is no stream restart.</summary>
    private byte[] Bytes(Element answer)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        XmlStreamWriter.Write(output, answer, Namespaces.Client);
        output.Write(negotiator.Features());
        return output.WrittenSpan.ToArray();
    }

    private ClientAgent? AgentOf(Jid account, Element request)
    {
        if (request.Child(Sasl2Negotiation.Ns, "user-agent") is not { } agent || !ClientAgent.IsInstallationId(agent["id"]))
            return null;
        var hash = HMACSHA256.HashData(
            negotiator.Server.ClientSecret, Encoding.UTF8.GetBytes($"client {account} {Guid.Parse(agent["id"]!)}"));
        return new ClientAgent(System.Buffers.Text.Base64Url.EncodeToString(hash.AsSpan(0, 9)), Name("software"), Name("device"));

        string? Name(string child) => agent.Child(Sasl2Negotiation.Ns, child)?.Text is { Length: > 0 } text
            ? text[..Math.Min(text.Length, ClientAgent.MaxNameLength)]
            : null;
    }
}
