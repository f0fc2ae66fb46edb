using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>
/// One authentication by XEP-0388 with what happens along with it (inline features): the client gets a token (XEP-0484), a stream is
/// resumed (XEP-0198), or else a resource bound (XEP-0386), and one answer tells of all.
/// </summary>
/// <param name="context">What was offered.</param>
/// <param name="request">The client's <c>&lt;authenticate/&gt;</c>.</param>
internal sealed class InlineLogin(
    StreamNegotiator negotiator, SaslAttempts attempts, StreamResumption resumption, SaslContext context, Element request)
{
    private readonly FastLogin _fast = new(negotiator.Server.Clients, context, request);
    private readonly ScramUpgrade _upgrade = new(negotiator.Server, request);
    private SaslOutcome.Success? _success;

    /// <summary>What the client has to do before it has authenticated; null when there is nothing.</summary>
    public string? Task => _upgrade.Task;

    /// <summary>What clients may ask for.</summary>
    public static IEnumerable<Element?> Features(StreamNegotiator negotiator, SaslContext context) =>
    [
        new Element(StreamManagement.Ns, "sm"),
        new InlineBinding(negotiator).Feature(),
        FastLogin.Feature(negotiator.Server.Clients, context),
    ];

    /// <param name="message">The initial response; null when there is none.</param>
    public ValueTask<SaslOutcome> BeginAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        var mechanism = request["mechanism"];
        return _fast.IsAsked && _fast.Start(AgentOf) is { } exchange
            ? attempts.BeginAsync(exchange, mechanism, message, cancellationToken)
            : attempts.BeginAsync(context, mechanism, message, cancellationToken);
    }

    /// <summary>The exchange has succeeded: does what the client has asked for, and tells it that it has authenticated.</summary>
    /// <returns>False when the client has something to do first, and was told so.</returns>
    public async ValueTask<bool> CompleteAsync(SaslOutcome.Success success, CancellationToken cancellationToken)
    {
        if (_success is null)
            await _upgrade.PrepareAsync(attempts.Mechanism!, success.Account, cancellationToken);
        var data = success.Data.IsEmpty || _success is not null
            ? null
            : new Element(Sasl2Negotiation.Ns, "additional-data", Convert.ToBase64String(success.Data.Span));
        _success = success;
        if (Task is { } task)
        {
            negotiator.Stream.Send(new Element(Sasl2Negotiation.Ns, "continue",
                data, new Element(Sasl2Negotiation.Ns, "tasks", new Element(Sasl2Negotiation.Ns, "task", task))));
            return false;
        }
        await FinishAsync(success, new Element(Sasl2Negotiation.Ns, "success", data), cancellationToken);
        return true;
    }

    /// <summary>The client begins with what it has to do.</summary>
    /// <returns>A failure, or null when it was told what it needs for that.</returns>
    public SaslOutcome.Failure? BeginTask(Element next)
    {
        if (next["task"] != Task)
            return new(SaslFailureCondition.MalformedRequest);
        negotiator.Stream.Send(new Element(Sasl2Negotiation.Ns, "task-data", _upgrade.Begin()));
        return null;
    }

    /// <summary>The client has done what it had to.</summary>
    public async ValueTask<SaslOutcome> CompleteTaskAsync(Element data, CancellationToken cancellationToken) =>
        await _upgrade.CompleteAsync(data, cancellationToken) is { } failure ? failure : _success!;

    private async ValueTask FinishAsync(SaslOutcome.Success success, Element answer, CancellationToken cancellationToken)
    {
        attempts.Succeed(success.Account);
        var account = success.Account;
        var agent = success.IsAnonymous ? null : AgentOf(account);
        negotiator.AuthenticatedInline(account, agent);
        if (agent is not null)
            answer = answer.Add(await _fast.CompleteAsync(attempts.Mechanism!, account, agent, cancellationToken));
        await GoOnAsync(answer, cancellationToken);
        if (!success.IsAnonymous)
            await negotiator.Server.NoteLoginAsync(account, cancellationToken);
    }

    /// <summary>Makes the client be online, if that is what it has asked for, and tells it what came of it.</summary>
    private async ValueTask GoOnAsync(Element answer, CancellationToken cancellationToken)
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
            && await new InlineBinding(negotiator).BindAsync(bind, cancellationToken) is var (session, bound))
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

    /// <summary>Who the client says it is, if it wants to be this account; null when it doesn't say.</summary>
    private ClientAgent? AgentOf(Jid account)
    {
        if (request.Child(Sasl2Negotiation.Ns, "user-agent") is not { } agent || !ClientAgent.IsInstallationId(agent["id"]))
            return null;
        var hash = HMACSHA256.HashData(
            negotiator.Server.ClientSecret, Encoding.UTF8.GetBytes($"client {account} {Guid.Parse(agent["id"]!)}"));
        return new ClientAgent(Base64Url.EncodeToString(hash.AsSpan(0, 9)), Name("software"), Name("device"));

        string? Name(string child) => agent.Child(Sasl2Negotiation.Ns, child)?.Text is { Length: > 0 } text
            ? text[..Math.Min(text.Length, ClientAgent.MaxNameLength)]
            : null;
    }
}
