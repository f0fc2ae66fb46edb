using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.PubSub;

/// <summary>The options of a subscription (XEP-0060 §16.4.2): whether its subscriber is told of anything.</summary>
internal static class SubscriptionOptions
{
    private const string Deliver = "pubsub#deliver";

    public static bool IsDelivered(NodeMember member) => member.Options.GetValueOrDefault(Deliver) is not "0";

    public static DataForm Form(NodeMember? member) => DataForm.Of(
        DataFormType.Form, PubSubXml.OptionsForm,
        FormField.Boolean(Deliver, "Get notifications", member is null || IsDelivered(member)));

    /// <summary>The member with what a form says; null when that is no such form.</summary>
    public static NodeMember? Apply(NodeMember member, DataForm? form)
    {
        if (form is not { Type: DataFormType.Submit } || (form.Field(Deliver) is not null && form.Boolean(Deliver) is null))
            return null;
        return form.Boolean(Deliver) is { } deliver
            ? member with { Options = deliver ? new Dictionary<string, string>() : new() { [Deliver] = "0" } }
            : member;
    }
}
