using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0377 Blocking Command Reports: a reason that comes with a block is passed on to those who look after abuse, in a message,
/// and noted in the log without what the user wrote.
/// </summary>
[Xep(377, "0.4.1")]
public sealed class SpamReports(
    BlockingCommandOptions options, ContactAddressOptions contacts, IAdministrators administrators, IStanzaSender sender,
    IReadOnlyList<IReportsAtOrigin> origins, IServerTasks tasks, TimeProvider time)
{
    private readonly HourlyQuota<Jid> _quota = new(() => options.ReportsPerHour, time);

    /// <summary>Passes on the reports in a block command. One that doesn't say why (§4) is none; the block holds (§6).</summary>
    internal async ValueTask PassOnAsync(Jid account, Element block, CancellationToken cancellationToken)
    {
        foreach (var item in block.Elements.Where(element => element.Name == BlockingCommand.Item))
        {
            if (SpamReport.Find(account, item) is not { } report)
                continue;
            if (!_quota.TryTake(account))
            {
                tasks.Note($"{account} reports more than is passed on");
                return;
            }

            tasks.Note($"{account} blocked {report.Reported} and reports it: {report.Reason}");
            foreach (var address in AddressesAt(account.Domain))
            {
                var error = await sender.SendMessageAsync(MessageOf(report, address), cancellationToken);
                if (error is not null)
                    tasks.Note($"The report could not be passed on to {address}: {error.Condition}");
            }
            if (!report.IsForOrigin)
                continue;
            foreach (var origin in origins)
                await origin.PassOnAsync(report, cancellationToken);
        }
    }

    private static Element MessageOf(SpamReport report, Jid to) => new(Namespaces.Client, "message",
        Element.Attr("from", report.Reporter.Domain),
        Element.Attr("to", to.ToString()),
        new Element(Namespaces.Client, "subject", $"Report of {report.Reported}"),
        new Element(Namespaces.Client, "body", report.Describe(report.Reporter.ToString())));

    /// <summary>The xmpp: addresses for abuse that users are told of (XEP-0157), else those of the administrators, else these.</summary>
    private IReadOnlyCollection<Jid> AddressesAt(string host)
    {
        foreach (var uris in new[] { contacts.Abuse, contacts.Admin })
        {
            if (uris.Select(XmppUri.AddressOf).OfType<Jid>().Distinct().ToList() is { Count: > 0 } addresses)
                return addresses;
        }
        return administrators.Of(host);
    }
}
