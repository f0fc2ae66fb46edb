using System.Globalization;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Uploads;

namespace Xmpp.Modules.BitsOfBinary;

/// <summary>
/// XEP-0231 Bits of Binary: what an account's clients send along with messages, such as emoticons, its contacts can have from the account
/// as well, when those clients are gone.
/// </summary>
[Xep(231, "1.1")]
public sealed class BinaryDataCache(Presences presences, BitsOfBinaryOptions options, TimeProvider time) : IXmppModule
{
    private const string Ns = "urn:xmpp:bob";

    private static readonly XmlName Data = new(Ns, "data");

    private readonly BinaryCache _cache = new(options.CacheBytes, time);

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.OwnAccount | IqTarget.OtherAccount, Data, GiveAsync);
        builder.Message(MessageStage.Archive, (message, _) =>
        {
            if (message.Direction is MessageDirection.Sent && message.Stanza.HasChild("urn:xmpp:bob"u8, "data"u8))
                Keep(message);
            return new(Verdict.Continue);
        });
        builder.AccountRemoved(account =>
        {
            _cache.Forget(account);
            return default;
        });
    }

    /// <summary>§2.3. Who may not see the account's presence learns nothing, not even whether there is such an account.</summary>
    private async ValueTask<IqReply> GiveAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Payload["cid"] is not { } id)
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "Data has a cid.");
        if (!await presences.MaySeeAsync(iq.From, iq.To, cancellationToken) || _cache.Find(iq.To, id) is not { } bits)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "There is no such data.");
        var left = (long)(bits.Expires - time.GetUtcNow()).TotalSeconds;
        return IqReply.Result(new Element(Data,
            Element.Attr("cid", id),
            Element.Attr("max-age", left.ToString(CultureInfo.InvariantCulture)),
            Element.Attr("type", bits.Type),
            Convert.ToBase64String(bits.Content)));
    }

    private void Keep(MessageContext message)
    {
        foreach (var data in message.Stanza.ToElement().Elements.Where(child => child.Name == Data))
        {
            if (data["cid"] is not { } id || data["type"] is not { } type || !ContentPolicy.IsMediaType(type) || AgeOf(data) is not { } age)
                continue;
            var content = new byte[options.DataBytes];
            // §2.4: of what is not what its name says there is nothing to be kept.
            if (Convert.TryFromBase64String(data.Text, content, out var length) && ContentId.Names(id, content.AsSpan(0, length)))
                _cache.Put(message.Account, id, new Bits(type, content[..length], time.GetUtcNow() + age));
        }
    }

    /// <summary>§2.4: how long the sender wants it kept; null: not at all.</summary>
    private TimeSpan? AgeOf(Element data)
    {
        if (!int.TryParse(data["max-age"], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return options.Keep;
        return seconds == 0 ? null : TimeSpan.FromSeconds(Math.Min(seconds, options.Keep.TotalSeconds));
    }
}
