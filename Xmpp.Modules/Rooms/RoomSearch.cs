using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Precis;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// XEP-0433 Extended Channel Search: finds public rooms of the service by words. Nothing is remembered between pages: the next one begins
/// behind the address, or the number of occupants and the address, where the last one ended.
/// </summary>
[Xep(433, "0.1.0")]
internal sealed class RoomSearch(RoomDirectory rooms)
{
    internal const string Ns = "urn:xmpp:channel-search:0:search";
    private const string Errors = "urn:xmpp:channel-search:0:error";
    private const string Parameters = "urn:xmpp:channel-search:0:search-params";
    private const string ByAddress = "{urn:xmpp:channel-search:0:order}address";
    private const string ByUsers = "{urn:xmpp:channel-search:0:order}nusers";
    private const string Open = "{urn:xmpp:channel-search:0:anonymity}none";
    private const string Rooms = "xep-0045";

    /// <summary>Rooms of a page, whatever is wanted; and those that are looked at for one, some at a time.</summary>
    private const int MaxPage = 100, MaxLookedAt = 5_000, StepRooms = 250;

    private const int MaxWords = 10;

    private readonly RoomServices _services = rooms.Services;
    private readonly HourlyQuota<Jid> _quota = new(() => rooms.Services.Options.SearchesPerHour, rooms.Services.Time);

    internal static XmlName Search { get; } = new(Ns, "search");

    /// <summary>Answers a request of type "get": for the form, or with a form.</summary>
    public async ValueTask<IqReply> AnswerAsync(ServiceStanza iq, Element payload, CancellationToken cancellationToken)
    {
        if (payload.Child(DataForm.Name) is not { } given)
            return IqReply.Result(new Element(Search, Form().ToElement()));
        if (DataForm.Parse(given) is not { Type: DataFormType.Submit, FormType: Parameters } form)
            return Refuse(StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, "no-search-conditions");
        if (Read(form, out var wanted) is { } error)
            return error;
        if (!ResultSetRequest.TryFind(payload, out var set, out var problem))
            return IqReply.Failed(problem!);
        if (set is { Before: not null } or { Index: not null })
            return IqReply.Failed(StanzaErrorCondition.FeatureNotImplemented, "Pages follow each other, beginning with the first.");
        if (!_quota.TryTake(iq.From.Bare))
        {
            return Refuse(
                StanzaErrorCondition.ResourceConstraint, StanzaErrorType.Wait, "rate-limit", "You search too often.",
                Element.Attr("retry-after", "3600"));
        }

        var max = Math.Min(set?.Max ?? MaxPage, MaxPage);
        Page page = !wanted!.HasRooms || max == 0 ? new([], null, null)
            : wanted.IsByUsers ? FindByUsers(iq.To.Domain, wanted, set?.After, max)
            : await FindByAddressAsync(iq.To.Domain, wanted, set?.After, max, cancellationToken);
        return IqReply.Result(new Element(Ns, "result",
            page.Items,
            page.First is null && page.Last is null ? null : new ResultSet(page.First, page.Last).ToElement()));
    }

    private static DataForm Form() => DataForm.Of(DataFormType.Form, Parameters,
        FormField.Text("q", "Search for"),
        FormField.Boolean("all", "Return all entries (ignore search terms)", false),
        FormField.Boolean("sinname", "Search in name", true),
        FormField.Boolean("sindescription", "Search in description", true),
        FormField.Boolean("sinaddr", "Search in address", true),
        new FormField("types", FormFieldType.ListMulti, Rooms)
        {
            Label = "Service types",
            Options = [new(Rooms, "XEP-0045 Multi User Chats")],
        },
        FormField.List(
            "key", "Sort results by", ByAddress, new FormOption(ByUsers, "Number of online users"), new FormOption(ByAddress, "Address")));

    /// <summary>What a form asks for. Fields that aren't known are none (§5); one has two names in the text (§4.2.1, §6.1).</summary>
    private static IqReply? Read(DataForm form, out Query? query)
    {
        query = null;
        var (text, isAll) = (form.Value("q") ?? "", form.Boolean("all") == true);
        if (form.Value("key") is { Length: > 0 } key && key is not (ByAddress or ByUsers))
            return Refuse(StanzaErrorCondition.FeatureNotImplemented, StanzaErrorType.Modify, "invalid-sort-key");
        if (isAll && text.Length > 0)
        {
            return Refuse(
                StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, "conflicting-fields",
                "\"Return all entries\" and \"Search for\" can't be wanted both.",
                new Element(Errors, "var", "all"), new Element(Errors, "var", "q"));
        }
        if (!isAll && form.Field("q") is null)
            return Refuse(StanzaErrorCondition.BadRequest, StanzaErrorType.Cancel, "no-search-conditions");
        var words = Fold(text).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word.Length > 1).Take(MaxWords).ToArray();
        var (inName, inDescription, inAddress) = (
            form.Boolean("sinname") ?? true, form.Boolean("sindescription") ?? true,
            form.Boolean("sinaddr") ?? form.Boolean("sinaddress") ?? true);
        if (!isAll && (words.Length == 0 || !(inName || inDescription || inAddress)))
        {
            return Refuse(
                StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, "invalid-search-terms", "A word has two characters or more.");
        }

        query = new(
            isAll ? [] : words, inName, inDescription, inAddress, form.Value("key") == ByUsers,
            form.Field("types") is not { } types || types.Values.Contains(Rooms));
        return null;
    }

    private async ValueTask<Page> FindByAddressAsync(
        string service, Query wanted, string? after, int max, CancellationToken cancellationToken)
    {
        var found = new List<Element>();
        var (first, last) = ((string?)null, after);
        for (var left = MaxLookedAt; left > 0; left -= StepRooms)
        {
            var listed = await _services.Store.ListAsync(
                service, new(RoomFilter.Listed, last) { WithValues = true }, StepRooms, cancellationToken);
            foreach (var entry in listed)
            {
                last = entry.Room.Local;
                if (!wanted.Matches(entry.Room, entry.Name, DescriptionIn(entry)))
                    continue;
                first ??= last;
                found.Add(ItemOf(entry.Room, RoomConfiguration.Of(new(entry.Name, true, entry.IsPersistent, entry.Values!))));
                if (found.Count == max)
                    return new(found, first, last);
            }
            if (listed.Count < StepRooms)
                return new(found, first, found.Count == 0 ? null : last);
        }
        // There are more to look at: whoever wants them asks on, behind these.
        return new(found, first ?? last, last);
    }

    /// <summary>Those that somebody is in, or was lately: the others have none.</summary>
    private Page FindByUsers(string service, Query wanted, string? after, int max)
    {
        var found = rooms.Loaded
            .Where(room => room is { IsLoaded: true, Exists: true, IsLocked: false, Configuration.IsPublic: true }
                && room.Jid.Domain == service && wanted.Matches(room.Jid, room.Configuration.Name, room.Configuration.Description))
            .Select(room => (Room: room, Place: $"{int.MaxValue - room.Occupants.Count:D10} {room.Jid.Local}"))
            .Where(entry => after is null || string.CompareOrdinal(entry.Place, after) > 0)
            .OrderBy(entry => entry.Place, StringComparer.Ordinal)
            .Take(max).ToList();
        return found.Count == 0
            ? new([], null, null)
            : new([.. found.Select(entry => ItemOf(entry.Room.Jid, entry.Room.Configuration))], found[0].Place, found[^1].Place);
    }

    private Element ItemOf(Jid room, RoomConfiguration configuration) => new(Ns, "item",
        Element.Attr("address", room.ToString()),
        new Element(Ns, "name", configuration.Name ?? room.Local),
        configuration.Description.Length == 0 ? null : new Element(Ns, "description", configuration.Description),
        configuration.Language.Length == 0 ? null : new Element(Ns, "language", configuration.Language),
        new Element(Ns, "nusers", NumberIn(room).ToString(CultureInfo.InvariantCulture)),
        new Element(Ns, "service-type", Rooms),
        new Element(Ns, "is-open", configuration is { IsMembersOnly: false, IsPasswordProtected: false } ? "true" : "false"),
        new Element(Ns, "anonymity-mode", configuration.IsNonAnonymous ? Open : "muc_semianonymous"));

    private int NumberIn(Jid room) => rooms.TryFind(room, out var loaded) ? loaded.Occupants.Count : 0;

    private static string DescriptionIn(RoomEntry entry) => entry.Values!.GetValueOrDefault("muc#roomconfig_roomdesc") ?? "";

    private static string Fold(string text) => string.Concat(FoldedText.Fold(text));

    private static IqReply Refuse(
        StanzaErrorCondition condition, StanzaErrorType type, string application, string? text = null,
        params ReadOnlySpan<object?> content) =>
        IqReply.Failed(new StanzaError(condition, type, text, new Element(Errors, application, content)));

    /// <param name="Words">Folded; each has to be found.</param>
    /// <param name="HasRooms">Whether rooms of this kind are among what is looked for.</param>
    private sealed record Query(
        IReadOnlyList<string> Words, bool InName, bool InDescription, bool InAddress, bool IsByUsers, bool HasRooms)
    {
        public bool Matches(Jid room, string? name, string description)
        {
            if (Words.Count == 0)
                return true;
            var text = Fold(string.Join(
                '\n', InName ? name : null, InDescription ? description : null, InAddress ? room.ToString() : null));
            return Words.All(word => text.Contains(word, StringComparison.Ordinal));
        }
    }

    /// <param name="First">By what the first item's place is known; null: there is nothing.</param>
    /// <param name="Last">Behind this the next page begins.</param>
    private sealed record Page(IReadOnlyList<Element> Items, string? First, string? Last);
}
