using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.Rooms;

/// <content>Members who aren't there and are mentioned (XEP-0452): they get the message by their account, with archive and push.</content>
internal sealed partial class Room
{
    /// <param name="sender">Who wrote it.</param>
    /// <param name="stanza">As everybody got it.</param>
    private void TellMentioned(Occupant sender, BroadcastStanza stanza)
    {
        var message = stanza.ToElement();
        foreach (var user in Mentions.In(message, Jid, nick => _reservedNicks.TryGetValue(Occupant.KeyOf(nick), out var owner) ? owner : null))
        {
            if (user == sender.Account || AffiliationOf(user) < Affiliation.Member || IsHere(user))
                continue;
            Post(user, Mentions.ElementOf(message, Jid, Now));
        }
    }
}
