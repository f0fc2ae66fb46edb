using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <content>Reports of spam and abuse (XEP-0377).</content>
internal sealed partial class Room
{
    /// <summary>
    /// Tells the moderators who are here of a report; when there is none, those who can be it. Only of those who have been here, or belong
    /// here, so that nobody else makes moderators work.
    /// </summary>
    public void TakeReport(SpamReport report)
    {
        var reporter = _occupants.Values.FirstOrDefault(occupant => occupant.Account == report.Reporter);
        if (!Exists || IsLocked || (reporter is null && AffiliationOf(report.Reporter) < Affiliation.Member))
            return;
        var content = new object?[]
        {
            new Element(Namespaces.Client, "subject", $"Report of {report.Reported}"),
            new Element(Namespaces.Client, "body", report.Describe(reporter?.Nick ?? report.Reporter.ToString())),
            // By which a client finds the messages, to take them away (XEP-0425).
            new Element(SpamReport.Ns, "report",
                Element.Attr("reason", report.Reason),
                report.Messages.Where(message => message.Archive == Jid).Select(message => message.Id)),
        };
        var moderators = _recipients
            .Where(recipient => recipient.Occupant.Role == Role.Moderator && recipient.Occupant.Account != report.Reporter).ToList();
        if (moderators.Count > 0)
        {
            var message = BroadcastStanza.Of(Message(content));
            moderators.ForEach(moderator => Send(moderator, message));
            return;
        }
        foreach (var admin in _members.Values.Where(member => member.Affiliation >= Affiliation.Admin && member.Jid != report.Reporter))
            Post(admin.Jid, content);
    }
}
