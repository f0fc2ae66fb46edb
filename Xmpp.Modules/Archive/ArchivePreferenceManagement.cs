using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.Archive;

/// <summary>XEP-0441 Message Archive Management Preferences: accounts say with whom their messages are archived.</summary>
[Xep(441, "0.2.0")]
public sealed class ArchivePreferenceManagement(ArchiveOptions options, ArchivePreferenceBook preferences) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        builder.Iq(IqType.Get, IqTarget.OwnAccount, ArchivePreferences.Name, async (iq, cancellationToken) =>
            IqReply.Result((await preferences.GetAsync(iq.To, cancellationToken)).ToElement(options.Default)));
        builder.Iq(IqType.Set, IqTarget.OwnAccount, ArchivePreferences.Name, SetAsync);
        foreach (var type in Enum.GetValues<IqType>())
        {
            builder.Iq(type, IqTarget.OtherAccount, ArchivePreferences.Name,
                (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
        }
        builder.AccountRemoved(preferences.ForgetAsync);
    }

    private async ValueTask<IqReply> SetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (ArchivePreferences.Parse(iq.Payload) is not { } wanted)
        {
            return IqReply.Failed(
                StanzaErrorCondition.BadRequest, "A default of always, never or roster, and lists of addresses were expected.");
        }
        if (wanted.Always.Count + wanted.Never.Count > options.MaxListed)
            return IqReply.Failed(StanzaErrorCondition.PolicyViolation, $"No more than {options.MaxListed} addresses can be listed.");
        return await preferences.SetAsync(iq.To, wanted, cancellationToken)
            ? IqReply.Result(wanted.ToElement(options.Default))
            : IqReply.Failed(StanzaErrorCondition.RegistrationRequired);
    }
}
