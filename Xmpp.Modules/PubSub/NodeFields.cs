using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules.PubSub;

/// <summary>A field of a node's configuration: in forms, in the store and as precondition of a publication.</summary>
/// <param name="Show">The field with its value.</param>
/// <param name="Read">The configuration with another value; null when that is none.</param>
internal sealed record NodeField(
    string Var, Func<NodeConfiguration, FormField> Show, Func<NodeConfiguration, IReadOnlyList<string>, NodeConfiguration?> Read);

/// <summary>The fields that there are (XEP-0060 §16.4.4), one line each.</summary>
internal static class NodeFields
{
    /// <summary>Characters of a text.</summary>
    private const int MaxText = 1000;

    private const string Max = "max";
    private const string AccessModelVar = "pubsub#access_model";

    public static IReadOnlyList<NodeField> All { get; } =
    [
        Text("title", "A name for people", c => c.Title, (c, v) => c with { Title = v }),
        Text("description", "What the node is for", c => c.Description, (c, v) => c with { Description = v }),
        Text("type", "What is published, such as a namespace", c => c.Type, (c, v) => c with { Type = v }),
        Text("language", "The language of the node", c => c.Language, (c, v) => c with { Language = v }),
        Many("contact", FormFieldType.JidMulti, "Whom to ask", c => c.Contacts, (c, v) => c with { Contacts = v }),
        Choice("access_model", "Who may subscribe and read", c => c.Access, (c, v) => c with { Access = v },
            (AccessModel.Open, "open", "Everybody"), (AccessModel.Presence, "presence", "Those who see the owner's presence"),
            (AccessModel.Roster, "roster", "Contacts in some groups of the roster"),
            (AccessModel.Authorize, "authorize", "Subscribers that an owner has approved"),
            (AccessModel.Whitelist, "whitelist", "Members")),
        Many("roster_groups_allowed", FormFieldType.ListMulti, "These groups", c => c.RosterGroups, (c, v) => c with { RosterGroups = v }),
        Choice("publish_model", "Who may publish", c => c.Publishing, (c, v) => c with { Publishing = v },
            (PublishModel.Publishers, "publishers", "Publishers"), (PublishModel.Subscribers, "subscribers", "Subscribers"),
            (PublishModel.Open, "open", "Everybody")),
        Flag("persist_items", "Keep items", c => c.Persists, (c, v) => c with { Persists = v }),
        Number("max_items", "How many items to keep", 1, c => c.MaxItems, (c, v) => c with { MaxItems = v }),
        Number("item_expire", "Seconds after which items go", 1, c => (int?)c.ItemExpire?.TotalSeconds,
            (c, v) => c with { ItemExpire = v is { } seconds ? TimeSpan.FromSeconds(seconds) : null }),
        Number("max_payload_size", "Bytes of a payload at most", 1, c => c.MaxPayload, (c, v) => c with { MaxPayload = v }),
        Flag("deliver_notifications", "Tell subscribers of items", c => c.Notifies, (c, v) => c with { Notifies = v }),
        Flag("deliver_payloads", "… with what they contain", c => c.DeliversPayloads, (c, v) => c with { DeliversPayloads = v }),
        Flag("notify_config", "Tell them of a new configuration", c => c.NotifiesConfig, (c, v) => c with { NotifiesConfig = v }),
        Flag("notify_delete", "Tell them when the node is deleted", c => c.NotifiesDelete, (c, v) => c with { NotifiesDelete = v }),
        Flag("notify_retract", "Tell them of items that are taken away", c => c.NotifiesRetract, (c, v) => c with { NotifiesRetract = v }),
        Flag("notify_sub", "Tell owners of subscribers", c => c.NotifiesSubscriptions, (c, v) => c with { NotifiesSubscriptions = v }),
        Flag("presence_based_delivery", "Tell only who is there", c => c.OnlyToAvailable, (c, v) => c with { OnlyToAvailable = v }),
        Choice("notification_type", "The type of messages", c => c.Headlines, (c, v) => c with { Headlines = v },
            (true, "headline", "Headlines"), (false, "normal", "Normal messages")),
        Choice("send_last_published_item", "When to send the last item", c => c.SendLast, (c, v) => c with { SendLast = v },
            (SendLast.Never, "never", "Never"), (SendLast.OnSub, "on_sub", "To new subscribers"),
            (SendLast.OnSubAndPresence, "on_sub_and_presence", "To new subscribers and to who comes online")),
        Choice("publish_node_full", "When there are too many items", c => c.WhenFull, (c, v) => c with { WhenFull = v },
            (WhenFull.RetractOldest, "retract-oldest", "The oldest one goes"),
            (WhenFull.DiscardOldest, "discard-oldest", "The oldest one goes, and nobody is told"),
            (WhenFull.Reject, "reject", "No more are taken")),
        Flag("subscribe", "Allow subscriptions", c => c.AllowsSubscriptions, (c, v) => c with { AllowsSubscriptions = v }),
        Choice("node_type", "The kind of node", _ => 0, (c, _) => c, (0, "leaf", "Leaf")),
    ];

    private static readonly Dictionary<string, NodeField> _byVar = All.ToDictionary(field => field.Var);

    public static NodeField? Find(string var) => _byVar.GetValueOrDefault(var);

    /// <summary>A form of all fields, to fill out or to tell.</summary>
    public static DataForm Form(DataFormType type, NodeConfiguration configuration) =>
        DataForm.Of(type, PubSubXml.ConfigForm, All.Select(field => field.Show(configuration)));

    /// <summary>The configuration with what a form says. Fields that it leaves out stay; those that nobody knows are ignored.</summary>
    /// <param name="error">With null.</param>
    public static NodeConfiguration? Apply(NodeConfiguration before, DataForm form, PubSubOptions options, out StanzaError? error)
    {
        error = null;
        var after = before;
        foreach (var field in form.Fields)
        {
            if (field.Var is null || Find(field.Var) is not { } known)
                continue;
            if (known.Read(after, field.Values) is not { } changed)
            {
                error = field.Var == AccessModelVar
                    ? PubSubErrors.UnsupportedAccessModel
                    : PubSubErrors.NotAcceptable($"'{field.Var}' can't have that value.");
                return null;
            }
            after = changed;
        }
        if (after.MaxItems > options.ItemsPerNode && after.MaxItems != before.MaxItems)
            error = PubSubErrors.NotAcceptable($"A node has at most {options.ItemsPerNode} items here.");
        if (after.MaxPayload > options.ItemBytes && after.MaxPayload != before.MaxPayload)
            error = PubSubErrors.NotAcceptable($"A payload has at most {options.ItemBytes} bytes here.");
        return error is null ? after : null;
    }

    /// <summary>Whether a configuration has a value already (§7.1.5); false, too, when nobody knows the field.</summary>
    public static bool Has(NodeConfiguration configuration, FormField wanted) =>
        wanted.Var is { } var && Find(var) is { } field && field.Read(configuration, wanted.Values) is { } changed
        && Values(field, changed).SequenceEqual(Values(field, configuration));

    /// <summary>What is kept: what differs from the defaults, so that these can change.</summary>
    public static Dictionary<string, string> Write(NodeConfiguration configuration) => All
        .Select(field => (field.Var, Value: string.Join('\n', Values(field, configuration))))
        .Where(field => field.Value != string.Join('\n', Values(Find(field.Var)!, _plain)))
        .ToDictionary(field => field.Var, field => field.Value);

    public static NodeConfiguration Read(IReadOnlyDictionary<string, string> stored)
    {
        var configuration = _plain;
        foreach (var (var, value) in stored)
            configuration = Find(var)?.Read(configuration, value.Split('\n')) ?? configuration;
        return configuration;
    }

    private static readonly NodeConfiguration _plain = new();

    private static IReadOnlyList<string> Values(NodeField field, NodeConfiguration configuration) => field.Show(configuration).Values;

    private static string Var(string name) => $"pubsub#{name}";

    private static NodeField Text(
        string name, string label, Func<NodeConfiguration, string?> get, Func<NodeConfiguration, string?, NodeConfiguration> set) => new(
        Var(name), c => FormField.Text(Var(name), label, get(c)),
        (c, values) => values.Count > 1 || values is [{ Length: > MaxText }]
            ? null
            : set(c, values is [{ Length: > 0 } value] ? value : null));

    private static NodeField Many(
        string name, FormFieldType type, string label, Func<NodeConfiguration, IReadOnlyList<string>> get,
        Func<NodeConfiguration, IReadOnlyList<string>, NodeConfiguration> set) => new(
        Var(name), c => new FormField(Var(name), type, get(c)) { Label = label, Options = OptionsOf(type, get(c)) },
        (c, values) =>
        {
            string[] given = [.. values.Where(value => value.Length > 0)];
            return given.Length > 100 || given.Any(value => value.Length > MaxText || value.Contains('\n', StringComparison.Ordinal))
                || (type == FormFieldType.JidMulti && given.Any(value => !Jid.TryParse(value, out _))) ? null : set(c, given);
        });

    private static IReadOnlyList<FormOption> OptionsOf(FormFieldType type, IReadOnlyList<string> values) =>
        type == FormFieldType.ListMulti ? [.. values.Select(value => new FormOption(value))] : [];

    private static NodeField Flag(
        string name, string label, Func<NodeConfiguration, bool> get, Func<NodeConfiguration, bool, NodeConfiguration> set) => new(
        Var(name), c => FormField.Boolean(Var(name), label, get(c)),
        (c, values) => values switch
        {
            ["1" or "true"] => set(c, true),
            ["0" or "false"] => set(c, false),
            _ => null,
        });

    private static NodeField Number(
        string name, string label, int least, Func<NodeConfiguration, int?> get,
        Func<NodeConfiguration, int?, NodeConfiguration> set) => new(
        Var(name), c => FormField.Text(Var(name), label, get(c)?.ToString(CultureInfo.InvariantCulture) ?? Max),
        (c, values) => values switch
        {
            [] or [""] or [Max] => set(c, null),
            [var text] when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) =>
                number >= least ? set(c, number) : number == 0 && name == "item_expire" ? set(c, null) : null,
            _ => null,
        });

    private static NodeField Choice<T>(
        string name, string label, Func<NodeConfiguration, T> get, Func<NodeConfiguration, T, NodeConfiguration> set,
        params (T Value, string Name, string Label)[] choices) => new(
        Var(name),
        c => FormField.List(
            Var(name), label, choices.First(choice => Equals(choice.Value, get(c))).Name,
            [.. choices.Select(choice => new FormOption(choice.Name, choice.Label))]),
        (c, values) => values is [var value] && Array.FindIndex(choices, choice => choice.Name == value) is >= 0 and var index
            ? set(c, choices[index].Value) : null);
}
