namespace Xmpp.Server.Hosting;

/// <summary>Which requests somebody may make.</summary>
public enum RequestAccess
{
    None,
    Get,
    Set,
    Both,
}

/// <summary>Whose presence a component is told (XEP-0356 §7).</summary>
public enum PresenceAccess
{
    None,

    /// <summary>That of all accounts here.</summary>
    Accounts,

    /// <summary>And that of their contacts elsewhere.</summary>
    Contacts,
}

/// <summary>XEP-0356: what a component may do in the name of the accounts of this server.</summary>
public sealed record ComponentPrivileges
{
    public RequestAccess Roster { get; init; }

    /// <summary>Whether it is told of changes of rosters that it may get.</summary>
    public bool RosterPush { get; init; } = true;

    /// <summary>Whether it may send messages that are from hosts and accounts here.</summary>
    public bool Message { get; init; }

    /// <summary>What it may ask others as an account.</summary>
    public IReadOnlyList<IqPrivilege> Iq { get; init; } = [];

    public PresenceAccess Presence { get; init; }

    internal bool MayRead => Roster is RequestAccess.Get or RequestAccess.Both;

    internal bool IsPushed => RosterPush && MayRead;
}

/// <summary>IQs with payloads of one namespace.</summary>
public sealed record IqPrivilege
{
    public required string Namespace { get; init; }

    public RequestAccess Type { get; init; } = RequestAccess.Both;
}

/// <summary>XEP-0355: what a component answers in the place of the server and its accounts.</summary>
public sealed record DelegatedNamespace
{
    public required string Namespace { get; init; }

    /// <summary>Attributes that the payload has to have.</summary>
    public IReadOnlyList<string> Attributes { get; init; } = [];
}
