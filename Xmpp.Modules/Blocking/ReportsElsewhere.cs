using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// Forwards reports of spam and abuse (XEP-0377 §5) to the server of whom they are about: to whom it names for abuse (XEP-0157), else to
/// itself. For its people there is a text, for its programs the report. Who has blocked isn't told.
/// </summary>
/// <param name="isOwn">Whether an address is this server's.</param>
public sealed class ReportsElsewhere(IRemoteDomains remote, Func<Jid, bool> isOwn, IServerTasks tasks) : IReportsAtOrigin
{
    private const string ServerInfo = "http://jabber.org/network/serverinfo";

    /// <summary>Of those that a server names.</summary>
    private const int MaxAddresses = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    ValueTask IReportsAtOrigin.PassOnAsync(SpamReport report, CancellationToken cancellationToken)
    {
        var domain = Jid.Parse(report.Reported.Domain);
        if (!isOwn(domain) && remote.IsKnown(domain))
            tasks.Run($"Report of {report.Reported}", cancellation => ForwardAsync(report, domain, cancellation));
        return default;
    }

    private async ValueTask ForwardAsync(SpamReport report, Jid domain, CancellationToken cancellationToken)
    {
        var host = Jid.Parse(report.Reporter.Domain);
        var answer = await remote.AskAsync(
            domain, host, IqType.Get, new Element(Namespaces.DiscoInfo, "query"), Patience, cancellationToken);
        foreach (var address in AddressesIn(answer) is { Count: > 0 } named ? named : [domain])
        {
            if (remote.Send(address, MessageOf(report, host, address)) is { } error)
                tasks.Note($"The report could not be forwarded to {address}: {error.Condition}");
        }
    }

    private List<Jid> AddressesIn(Element? answer)
    {
        var forms = answer?.Child(Namespaces.DiscoInfo, "query")?.Elements.Where(child => child.Name == DataForm.Name) ?? [];
        return forms.Select(DataForm.Parse)
            .Where(form => form?.FormType == ServerInfo)
            .SelectMany(form => form!.Values("abuse-addresses"))
            .Select(XmppUri.AddressOf).OfType<Jid>()
            .Where(address => !isOwn(address))
            .Distinct().Take(MaxAddresses).ToList();
    }

    private static Element MessageOf(SpamReport report, Jid host, Jid to) => new(Namespaces.Client, "message",
        Element.Attr("from", host.ToString()),
        Element.Attr("to", to.ToString()),
        new Element(Namespaces.Client, "subject", $"Report of {report.Reported}"),
        new Element(Namespaces.Client, "body", report.Describe($"Somebody at {host}")),
        new Element(SpamReport.Ns, "report",
            Element.Attr("reason", report.Reason),
            // Of the other ids that server can make nothing, and they say who has blocked.
            report.Messages.Where(message => message.Archive.Domain == report.Reported.Domain).Select(message => message.Id),
            report.Element.Elements.Where(child => child.Name == new XmlName(SpamReport.Ns, "text")),
            new Element("urn:xmpp:jid:0", "jid", report.Reported.ToString())));
}
