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
    IServerTasks tasks, TimeProvider time)
{
    internal const string Ns = "urn:xmpp:reporting:1";

    /// <summary>Of a text that is passed on; who has more to say can write to the administrators.</summary>
    private const int MaxText = 2000;

    private static readonly XmlName Name = new(Ns, "report");

    private readonly HourlyQuota<Jid> _quota = new(options.ReportsPerHour, time);

    /// <summary>Passes on the reports in a block command. One that doesn't say why (§4) is none; the block holds (§6).</summary>
    internal async ValueTask PassOnAsync(Jid account, Element block, CancellationToken cancellationToken)
    {
        foreach (var item in block.Elements.Where(element => element.Name == BlockingCommand.Item))
        {
            if (item.Child(Name) is not { } report || report["reason"] is not { Length: > 0 } reason)
                continue;
            var jid = Jid.Parse(item["jid"]!);
            if (!_quota.TryTake(account))
            {
                tasks.Note($"{account} reports more than is passed on");
                return;
            }
            tasks.Note($"{account} blocked {jid} and reports it: {reason}");
            foreach (var address in AddressesAt(account.Domain))
            {
                var error = await sender.SendMessageAsync(MessageOf(account, jid, reason, report, address), cancellationToken);
                if (error is not null)
                    tasks.Note($"The report could not be passed on to {address}: {error.Condition}");
            }
        }
    }

    private static Element MessageOf(Jid account, Jid reported, string reason, Element report, Jid to)
    {
        var kind = reason switch
        {
            "urn:xmpp:reporting:spam" => "spam",
            "urn:xmpp:reporting:abuse" => "abuse",
            _ => reason,
        };
        var texts = report.Elements.Where(child => child.Name == new XmlName(Ns, "text")).Select(text => text.Text.Trim());
        var text = string.Join('\n', texts.Prepend($"{account} has blocked {reported} and reports it for {kind}."));
        return new Element(Namespaces.Client, "message",
            Element.Attr("from", account.Domain),
            Element.Attr("to", to.ToString()),
            new Element(Namespaces.Client, "subject", $"Report of {reported}"),
            new Element(Namespaces.Client, "body", text.Length > MaxText ? text[..MaxText] + "…" : text));
    }

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
