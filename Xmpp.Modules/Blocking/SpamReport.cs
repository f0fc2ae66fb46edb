using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>A reason that came with a block (XEP-0377 §4).</summary>
/// <param name="Reporter">The account that has blocked, a bare JID.</param>
/// <param name="Reported">As it was blocked.</param>
/// <param name="Reason">A URI.</param>
/// <param name="Element">The report as the client wrote it.</param>
internal sealed record SpamReport(Jid Reporter, Jid Reported, string Reason, Element Element)
{
    internal const string Ns = "urn:xmpp:reporting:1";

    /// <summary>Of a text that is passed on; who has more to say can write to whoever gets it.</summary>
    private const int MaxText = 2000;

    /// <summary>Messages that a report may name.</summary>
    private const int MaxMessages = 50;

    /// <summary>Whether the reporter agrees that it is passed on to where what is reported was said (§5).</summary>
    public bool IsForOrigin => Element.Child(Ns, "report-origin") is not null;

    /// <summary>The messages that are reported (§6): their ids, in archives.</summary>
    public IEnumerable<(Jid Archive, Element Id)> Messages
    {
        get
        {
            foreach (var id in Element.Elements.Where(child => child.Name == StanzaId.Name).Take(MaxMessages))
            {
                if (Jid.TryParse(id["by"], out var archive))
                    yield return (archive, id);
            }
        }
    }

    private string Kind => Reason switch
    {
        "urn:xmpp:reporting:spam" => "spam",
        "urn:xmpp:reporting:abuse" => "abuse",
        _ => Reason,
    };

    /// <summary>The report of an item of a block command; null when there is none, or one that doesn't say why (§4).</summary>
    public static SpamReport? Find(Jid reporter, Element item) =>
        item.Child(Ns, "report") is { } report && report["reason"] is { Length: > 0 } reason
            ? new(reporter, Jid.Parse(item["jid"]!), reason, report)
            : null;

    /// <summary>For people.</summary>
    /// <param name="reporter">Who says so, for those who read it.</param>
    public string Describe(string reporter)
    {
        var texts = Element.Elements.Where(child => child.Name == new XmlName(Ns, "text")).Select(text => text.Text.Trim());
        var text = string.Join('\n', texts.Prepend($"{reporter} has blocked {Reported} and reports it for {Kind}."));
        return text.Length > MaxText ? text[..MaxText] + "…" : text;
    }
}
