using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

public sealed record VCardOptions
{
    /// <summary>A whole card, with its picture in base64.</summary>
    [Bytes(1024, 16 * 1024 * 1024)]
    public int MaxBytes { get; init; } = 131_072;
}

/// <summary>XEP-0054 vcard-temp: a card for each account, which it may change and everybody may read (§6).</summary>
[Xep(54, "1.3.0")]
public sealed class VCardTemp(IAccountDataStore store, VCardOptions options) : IXmppModule
{
    internal const string Ns = "vcard-temp";
    internal const string Kind = "vcard";

    internal static XmlName Name { get; } = new(Ns, "vCard");

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server | IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.OwnAccount | IqTarget.OtherAccount, Name, GetAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, Name, SetAsync);
        builder.Iq(IqType.Set, IqTarget.OtherAccount, Name, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden))); // §3.2
    }

    private async ValueTask<IqReply> GetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(iq.To, Kind, "", cancellationToken) is { } card)
            return IqReply.Result(StoredXml.Read(card));
        // §3.3: whether somebody has no card or isn't there at all is nobody's business. To oneself §3.1 says which it is.
        return IqReply.Failed(iq.Target == IqTarget.OwnAccount
            ? StanzaErrorCondition.ItemNotFound
            : StanzaErrorCondition.ServiceUnavailable);
    }

    private async ValueTask<IqReply> SetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var card = iq.Payload;
        if (card.Nodes.IsEmpty)
        {
            // An empty card and none read the same.
            await store.RemoveAsync(iq.To, Kind, "", cancellationToken);
            return IqReply.Result();
        }
        var limit = new AccountDataLimit(MaxEntries: 1, options.MaxBytes);
        return await store.SetAsync(iq.To, Kind, "", StoredXml.Write(card), limit, cancellationToken) switch
        {
            AccountDataOutcome.Kept => IqReply.Result(),
            AccountDataOutcome.NoAccount => IqReply.Failed(StanzaErrorCondition.RegistrationRequired),
            _ => IqReply.Failed(StanzaErrorCondition.PolicyViolation, $"A vCard has at most {options.MaxBytes} bytes here."),
        };
    }
}
