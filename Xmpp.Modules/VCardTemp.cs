using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Avatars;

namespace Xmpp.Modules;

public sealed record VCardOptions
{
    /// <summary>A whole card, with its picture in base64.</summary>
    [Bytes(1024, 16 * 1024 * 1024)]
    public int MaxBytes { get; init; } = 131_072;
}

/// <summary>XEP-0054 vcard-temp: a card for each account, which it may change and everybody may read (§6).</summary>
/// <param name="avatars">Where the pictures are; null when they are as all else of a card.</param>
[Xep(54, "1.3.0")]
public sealed class VCardTemp(IAccountDataStore store, VCardOptions options, AvatarBook? avatars) : IXmppModule
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
        var card = await store.FindAsync(iq.To, Kind, "", cancellationToken) is { } stored ? StoredXml.Read(stored) : null;
        if (avatars is not null)
            card = await avatars.ShowAsync(iq.To, card, iq.From, cancellationToken);
        if (card is not null)
            return IqReply.Result(card);
        // §3.3: whether somebody has no card or isn't there at all is nobody's business. To oneself §3.1 says which it is.
        return IqReply.Failed(iq.Target == IqTarget.OwnAccount
            ? StanzaErrorCondition.ItemNotFound
            : StanzaErrorCondition.ServiceUnavailable);
    }

    private async ValueTask<IqReply> SetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var card = iq.Payload;
        var value = StoredXml.Write(card);
        // Before anything is published of it.
        if (value.Length > options.MaxBytes)
            return IqReply.Failed(TooLarge);
        var error = avatars is null
            ? await KeepAsync()
            : await avatars.TakeAsync(iq.To, iq.From, card, KeepAsync, cancellationToken);
        return error is null ? IqReply.Result() : IqReply.Failed(error);

        ValueTask<StanzaError?> KeepAsync() => this.KeepAsync(iq.To, card.Nodes.IsEmpty ? (ReadOnlyMemory<byte>?)null : value, cancellationToken);
    }

    private StanzaError TooLarge =>
        StanzaError.Of(StanzaErrorCondition.PolicyViolation, $"A vCard has at most {options.MaxBytes} bytes here.");

    /// <param name="card">Null for an empty one, since an empty card and none read the same.</param>
    /// <returns>Null when it is kept.</returns>
    private async ValueTask<StanzaError?> KeepAsync(Jid account, ReadOnlyMemory<byte>? card, CancellationToken cancellationToken)
    {
        if (card is not { } value)
        {
            await store.RemoveAsync(account, Kind, "", cancellationToken);
            return null;
        }
        return await store.SetAsync(account, Kind, "", value, new(MaxEntries: 1, options.MaxBytes), cancellationToken) switch
        {
            AccountDataOutcome.Kept => null,
            AccountDataOutcome.NoAccount => StanzaError.Of(StanzaErrorCondition.RegistrationRequired),
            _ => TooLarge,
        };
    }
}
