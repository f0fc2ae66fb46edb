namespace Xmpp.Modules.Rooms;

/// <summary>Status codes (XEP-0045 §15.6).</summary>
internal static class RoomStatus
{
    /// <summary>Whoever is in the room sees who the user is.</summary>
    public const int NonAnonymous = 100;

    /// <summary>The user's affiliation has changed while it wasn't in the room.</summary>
    public const int AffiliationChanged = 101;

    /// <summary>Something of the configuration has changed that doesn't concern privacy.</summary>
    public const int ConfigurationChanged = 104;

    /// <summary>The presence is the user's own.</summary>
    public const int Self = 110;

    /// <summary>The discussion is logged for the public.</summary>
    public const int Logged = 170;

    public const int NotLogged = 171;
    public const int NowNonAnonymous = 172;
    public const int NowSemiAnonymous = 173;
    public const int Created = 201;

    /// <summary>The nick is another one than was asked for.</summary>
    public const int NickAssigned = 210;

    public const int Banned = 301;
    public const int NickChanged = 303;
    public const int Kicked = 307;

    /// <summary>Removed because of a change of affiliation, in a members-only room.</summary>
    public const int AffiliationLost = 321;

    /// <summary>Removed because the room is for members only now.</summary>
    public const int MembersOnly = 322;

    public const int ShutDown = 332;

    /// <summary>Removed because something couldn't be delivered.</summary>
    public const int Unreachable = 333;
}
