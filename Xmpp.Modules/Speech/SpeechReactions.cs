using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;

namespace Xmpp.Modules.Speech;

/// <summary>Reactions (XEP-0444) by which accounts ask for the text of a voice message that their archive has.</summary>
/// <param name="emoji">The one that says so; null: none does.</param>
/// <param name="lookBack">So many messages of the conversation are looked at, the newest first.</param>
internal sealed class SpeechReactions(IArchiveStore archive, string? emoji, int lookBack)
{
    private const string Ns = "urn:xmpp:reactions:0";

    /// <summary>Asks for the other form of a character, which makes no other emoji of it.</summary>
    private const char AsEmoji = '\uFE0F';

    private readonly EarlierMessages _earlier = new(archive, lookBack);

    /// <summary>Whether an account reacts to something.</summary>
    public bool MayBe(MessageContext message) => emoji is { Length: > 0 } && message.Direction is MessageDirection.Sent
        && message.Type is MessageType.Chat or MessageType.Normal && message.Stanza.HasChild("urn:xmpp:reactions:0"u8, "reactions"u8);

    /// <summary>What a message may ask for the text of; null when it doesn't ask, or names nothing that has a link.</summary>
    public async ValueTask<VoiceMessage?> FindAsync(MessageContext message, CancellationToken cancellationToken)
    {
        var reactions = message.Stanza.ToElement().Child(Ns, "reactions")!;
        if (reactions["id"] is not { Length: > 0 } id
            || !reactions.Elements.Any(reaction => reaction.Name == new XmlName(Ns, "reaction") && IsEmoji(reaction.Text)))
        {
            return null;
        }
        // What somebody else said, or the account itself.
        foreach (var isIncoming in (bool[])[true, false])
        {
            if (await _earlier.FindAsync(message.Account, message.To.Bare, id, isIncoming, cancellationToken) is var (entry, earlier))
                return VoiceMessage.Of(earlier, isIncoming ? entry.With : message.Account);
        }
        return null;
    }

    private bool IsEmoji(string reaction) => reaction.Trim().TrimEnd(AsEmoji) == emoji!.TrimEnd(AsEmoji);
}
