using System.Text.Json;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>How a file names kinds and states.</summary>
internal static class RecordNames
{
    private static readonly string[] Kinds =
        [.. Enum.GetNames<RecordKind>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    private static readonly string[] Subscriptions = ["none", "to", "from", "both"];

    private static readonly string[] Affiliations = ["outcast", "none", "member", "admin", "owner"];

    private static readonly string[] Notifications =
        [.. Enum.GetNames<RoomNotifications>().Select(JsonNamingPolicy.CamelCase.ConvertName)];

    private static readonly string[] NodeAffiliations = ["outcast", "none", "member", "publish-only", "publisher", "owner"];

    private static readonly string[] NodeSubscriptions = ["none", "pending", "unconfigured", "subscribed"];

    public static string Of(RecordKind kind) => Kinds[(int)kind];

    public static string Of(SubscriptionState subscription) => Subscriptions[(int)subscription];

    public static string Of(Affiliation affiliation) => Affiliations[affiliation - Affiliation.Outcast];

    public static string Of(RoomNotifications notifications) => Notifications[(int)notifications];

    public static string Of(NodeAffiliation affiliation) => NodeAffiliations[affiliation - NodeAffiliation.Outcast];

    public static string Of(NodeSubscription subscription) => NodeSubscriptions[(int)subscription];

    /// <exception cref="FormatException">It is none.</exception>
    public static RecordKind KindOf(string? name) => (RecordKind)IndexOf(Kinds, name);

    /// <inheritdoc cref="KindOf"/>
    public static SubscriptionState SubscriptionOf(string? name) => (SubscriptionState)IndexOf(Subscriptions, name);

    /// <inheritdoc cref="KindOf"/>
    public static Affiliation AffiliationOf(string? name) => IndexOf(Affiliations, name) + Affiliation.Outcast;

    /// <inheritdoc cref="KindOf"/>
    public static RoomNotifications NotificationsOf(string? name) => (RoomNotifications)IndexOf(Notifications, name);

    /// <inheritdoc cref="KindOf"/>
    public static NodeAffiliation NodeAffiliationOf(string? name) => IndexOf(NodeAffiliations, name) + NodeAffiliation.Outcast;

    /// <inheritdoc cref="KindOf"/>
    public static NodeSubscription NodeSubscriptionOf(string? name) => (NodeSubscription)IndexOf(NodeSubscriptions, name);

    private static int IndexOf(string[] names, string? name) => Array.IndexOf(names, name) is var index and >= 0
        ? index
        : throw new FormatException($"'{name}' is unknown here");
}
