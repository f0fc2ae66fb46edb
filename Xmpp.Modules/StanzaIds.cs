using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0359: what only looks like an id that an account has given is removed from what it gets and keeps (§4, rule 2). The ids are
/// those of its archive, see <see cref="Archive.MessageArchive"/>.
/// </summary>
public sealed class StanzaIds : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, StanzaId.Ns);
        builder.Message(MessageStage.Stamp, (message, _) =>
        {
            DropForged(message);
            return new(Verdict.Continue);
        });
    }

    private static void DropForged(MessageContext message)
    {
        var stanza = message.Stanza;
        for (var i = 0; i < stanza.ChildCount; i++)
        {
            var child = stanza.Child(i);
            if (child.LocalName.SequenceEqual("stanza-id"u8) && child.Namespace.SequenceEqual("urn:xmpp:sid:0"u8)
                && stanza.ChildJid(i, "by"u8) == message.Account)
            {
                message.Drop(i);
            }
        }
    }
}
