using System.Globalization;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>Stream management before a resource is bound (XEP-0198): who comes back goes on where the connection was lost (§5).</summary>
internal sealed class StreamResumption(StreamNegotiator negotiator) : StreamFeature(negotiator)
{
    public override IEnumerable<Element> Offer() =>
        Negotiator.Phase >= NegotiationPhase.Authenticated && Negotiator.Stream.Session?.Management is null
            ? [new Element(StreamManagement.Ns, "sm")]
            : [];

    public override bool Accepts(Element element) => element.Name.Namespace == StreamManagement.Ns;

    public override async ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        // §3: not before authentication, and <enable/> not before binding.
        var failed = Negotiator.Phase == NegotiationPhase.Authenticated && element.Name.Local == "resume"
            ? await TryResumeAsync(element, (_, resumed) => resumed)
            : StreamManagementElements.Failed(StanzaErrorCondition.UnexpectedRequest);
        if (failed is not null)
            Negotiator.Stream.Send(failed);
    }

    /// <summary>Goes on with a session.</summary>
    /// <param name="tell">What the client is told, given <c>&lt;resumed/&gt;</c>.</param>
    /// <returns>What it is to be told when that can't be; null when it was told.</returns>
    public async ValueTask<Element?> TryResumeAsync(Element resume, Func<ClientSession, Element, Element> tell)
    {
        var (server, stream, account) = (Negotiator.Server, Negotiator.Stream, Negotiator.Account!);
        if (resume["previd"] is not { } id || !StreamManagementElements.TryReadCount(resume["h"], out var count))
            return StreamManagementElements.Failed(StanzaErrorCondition.BadRequest);
        if (server.Resumable.Find(id, account) is { } session)
        {
            if (session.TakeStream() is { } former)
            {
                // What it is still handling is counted, and only then is the client told how far that was.
                former.End(new StreamError(StreamErrorCondition.Conflict, "Resumed by a new connection."));
                await former.LoopEnded;
            }
            await session.WaitUntilKeptAsync();
            switch (session.Resume(stream, count, tell))
            {
                case Resumption.Resumed:
                    stream.Bind(session);
                    if (session.TakeFromBefore())
                        await server.TellRestoredAsync(session);
                    return null;
                case Resumption.CountTooHigh:
                    throw StreamManagementElements.CountTooHigh(count, session.Management!.Sent);
            }
        }
        var failed = StreamManagementElements.Failed(StanzaErrorCondition.ItemNotFound);
        return server.Resumable.FindFormer(id, account) is { } handled
            ? failed.With("h", handled.ToString(CultureInfo.InvariantCulture))
            : failed;
    }
}
