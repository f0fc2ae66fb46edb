using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>A hat (XEP-0317): a part that somebody plays in a room, beside affiliation and role.</summary>
/// <param name="Uri">By which it is known.</param>
/// <param name="Title">For people.</param>
/// <param name="Hue">An angle in degrees (XEP-0392), or null.</param>
/// <param name="Wearers">Bare JIDs.</param>
internal sealed record Hat(string Uri, string Title, string? Hue, ImmutableSortedSet<string> Wearers);

/// <summary>The hats of a room and who wears them. Immutable.</summary>
[Xep(317, "0.3.1")]
internal sealed class RoomHats : IEquatable<RoomHats>
{
    internal const string Ns = "urn:xmpp:hats:0";

    /// <summary>The name under which the room's configuration keeps them.</summary>
    internal const string Setting = "hats";

    /// <summary>Limits of a room: hats, and those who wear one.</summary>
    internal const int MaxHats = 50, MaxWearers = 500;

    private static readonly XmlName HatName = new(Ns, "hat");

    private readonly ImmutableSortedDictionary<string, Hat> _hats;

    private RoomHats(ImmutableSortedDictionary<string, Hat> hats) => _hats = hats;

    public static RoomHats None { get; } = new(ImmutableSortedDictionary.Create<string, Hat>(StringComparer.Ordinal));

    public IEnumerable<Hat> All => _hats.Values;

    public bool IsEmpty => _hats.IsEmpty;

    public Hat? Find(string uri) => _hats.GetValueOrDefault(uri);

    /// <summary>Makes a hat, or changes one; who wears it goes on doing so. Null when there are too many.</summary>
    public RoomHats? With(string uri, string title, string? hue) =>
        Find(uri) is null && _hats.Count >= MaxHats
            ? null
            : new(_hats.SetItem(uri, new(uri, title, hue, Find(uri)?.Wearers ?? ImmutableSortedSet.Create<string>(StringComparer.Ordinal))));

    /// <summary>Nobody wears it any more.</summary>
    public RoomHats Without(string uri) => new(_hats.Remove(uri));

    /// <summary>Gives somebody a hat. Null when there is no such hat, or too many wear it.</summary>
    public RoomHats? Assign(string uri, Jid user) =>
        Find(uri) is { } hat && hat.Wearers.Count < MaxWearers
            ? new(_hats.SetItem(uri, hat with { Wearers = hat.Wearers.Add(user.Bare.ToString()) }))
            : null;

    /// <summary>Takes a hat from somebody; null when there is no such hat.</summary>
    public RoomHats? Unassign(string uri, Jid user) =>
        Find(uri) is { } hat ? new(_hats.SetItem(uri, hat with { Wearers = hat.Wearers.Remove(user.Bare.ToString()) })) : null;

    /// <summary>What presence says of somebody (§3.1); null for who wears none.</summary>
    public Element? Of(Jid user)
    {
        if (IsEmpty)
            return null;
        var bare = user.Bare.ToString();
        var worn = All.Where(hat => hat.Wearers.Contains(bare)).Select(hat => ToElement(hat)).ToList();
        return worn.Count == 0 ? null : new Element(Ns, "hats", worn);
    }

    /// <summary>As the room's configuration keeps them.</summary>
    public string Write() => new Element(Ns, "hats", All.Select(hat =>
        ToElement(hat).Add(hat.Wearers.Select(wearer => new Element(Ns, "wearer", wearer))))).ToString();

    public static RoomHats Read(string? kept) => kept is null
        ? None
        : new(Element.Parse(kept).Elements
            .Select(hat => new Hat(hat["uri"]!, hat["title"]!, hat["hue"], hat.Elements.Select(wearer => wearer.Text)
                .ToImmutableSortedSet(StringComparer.Ordinal)))
            .ToImmutableSortedDictionary(hat => hat.Uri, hat => hat, StringComparer.Ordinal));

    public bool Equals(RoomHats? other) => ReferenceEquals(this, other) || (other is not null && Write() == other.Write());

    public override bool Equals(object? obj) => Equals(obj as RoomHats);

    public override int GetHashCode() => _hats.Count;

    private static Element ToElement(Hat hat) => new(HatName,
        Element.Attr("uri", hat.Uri), Element.Attr("title", hat.Title), Element.Attr("hue", hat.Hue));
}
