using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>Stream management of a bound resource (XEP-0198): enabling it, asking and acknowledging.</summary>
[Xep(198, "1.6.3")]
internal static class StreamManagementElements
{
    /// <summary>Whether an element that stands where stanzas do is one of these.</summary>
    public static bool IsOne(StanzaView element) => element.Namespace.SequenceEqual("urn:xmpp:sm:3"u8);

    /// <exception cref="StreamErrorException">It ends the stream.</exception>
    public static void Handle(ServerContext server, ClientSession session, ClientStream stream, StanzaView element)
    {
        var name = element.LocalName;
        if (name.SequenceEqual("enable"u8))
        {
            Enable(server, session, stream, element.ToElement());
        }
        else if (name.SequenceEqual("resume"u8))
        {
            stream.Send(Failed(StanzaErrorCondition.UnexpectedRequest)); // It has a resource.
        }
        else if (session.Management is not { } management)
        {
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType, "Stream management is not enabled.");
        }
        else if (name.SequenceEqual("r"u8))
        {
            session.AskHandled();
        }
        else if (name.SequenceEqual("a"u8))
        {
            if (!TryReadCount(element.Attribute("h"u8), out var count))
                throw new StreamErrorException(StreamErrorCondition.InvalidXml, "An acknowledgement needs a count.");
            if (!session.TryAcknowledge(count))
                throw CountTooHigh(count, management.Sent);
        }
        else
        {
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        }
    }

    public static Element Failed(StanzaErrorCondition condition) => new(
        StreamManagement.Ns, "failed", new Element(Namespaces.StanzaErrors, StanzaError.WireName(condition)));

    /// <summary>§6, the last paragraph.</summary>
    public static StreamErrorException CountTooHigh(uint acknowledged, uint sent) => new(new StreamError(
        StreamErrorCondition.UndefinedCondition,
        string.Create(CultureInfo.InvariantCulture, $"{acknowledged} stanzas were acknowledged, but {sent} sent."),
        new Element(StreamManagement.Ns, "handled-count-too-high",
            Element.Attr("h", acknowledged.ToString(CultureInfo.InvariantCulture)),
            Element.Attr("send-count", sent.ToString(CultureInfo.InvariantCulture)))));

    public static bool TryReadCount(string? text, out uint count) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    /// <summary>Enables it for a session that its client doesn't know of yet (XEP-0386).</summary>
    /// <returns>What the client is told.</returns>
    public static Element EnableInline(ServerContext server, ClientSession session, Element enable)
    {
        var management = Create(server, session, enable);
        session.TryEnable(management);
        return management.ToElement();
    }

    private static void Enable(ServerContext server, ClientSession session, ClientStream stream, Element enable)
    {
        if (session.Management is not null)
        {
            // §3: one attempt.
            stream.Send(Failed(StanzaErrorCondition.UnexpectedRequest));
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Stream management is enabled already.");
        }
        session.TryEnable(Create(server, session, enable));
    }

    /// <summary>Stream management as the client asks for it.</summary>
    private static StreamManagement Create(ServerContext server, ClientSession session, Element enable)
    {
        var resumeTime = server.Current.Options.StreamManagement.ResumeTime;
        if (TryReadCount(enable["max"], out var wanted) && wanted < resumeTime.TotalSeconds)
            resumeTime = TimeSpan.FromSeconds(wanted);
        var isResumable = enable["resume"] is "true" or "1" && resumeTime > TimeSpan.Zero;
        var management = new StreamManagement(isResumable ? ResumableSessions.CreateId() : null, resumeTime);
        if (management.Id is { } id)
            server.Resumable.Add(id, session);
        return management;
    }
}
