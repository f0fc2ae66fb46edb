using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>The names of XEP-0045.</summary>
internal static class Muc
{
    public const string Ns = "http://jabber.org/protocol/muc";
    public const string User = Ns + "#user";
    public const string Admin = Ns + "#admin";
    public const string Owner = Ns + "#owner";

    /// <summary>What a client that enters puts into its presence.</summary>
    public static XmlName Join { get; } = new(Ns, "x");

    /// <summary>What the room says of an occupant.</summary>
    public static XmlName UserInfo { get; } = new(User, "x");

    public static XmlName UserItem { get; } = new(User, "item");

    public static XmlName AdminQuery { get; } = new(Admin, "query");

    public static XmlName AdminItem { get; } = new(Admin, "item");

    public static XmlName OwnerQuery { get; } = new(Owner, "query");

    /// <summary>As it is written.</summary>
    public static string NameOf(Affiliation affiliation) => affiliation switch
    {
        Affiliation.Outcast => "outcast",
        Affiliation.Member => "member",
        Affiliation.Admin => "admin",
        Affiliation.Owner => "owner",
        _ => "none",
    };

    /// <inheritdoc cref="NameOf(Affiliation)"/>
    public static string NameOf(Role role) => role switch
    {
        Role.Visitor => "visitor",
        Role.Participant => "participant",
        Role.Moderator => "moderator",
        _ => "none",
    };

    /// <summary>Null when it is none.</summary>
    public static Affiliation? ReadAffiliation(string? name) => name switch
    {
        "outcast" => Affiliation.Outcast,
        "none" => Affiliation.None,
        "member" => Affiliation.Member,
        "admin" => Affiliation.Admin,
        "owner" => Affiliation.Owner,
        _ => null,
    };

    /// <inheritdoc cref="ReadAffiliation"/>
    public static Role? ReadRole(string? name) => name switch
    {
        "none" => Role.None,
        "visitor" => Role.Visitor,
        "participant" => Role.Participant,
        "moderator" => Role.Moderator,
        _ => null,
    };
}
