using System.Diagnostics.CodeAnalysis;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>A page that a client wants of its archive (XEP-0313 §3).</summary>
internal sealed record ArchiveRequest
{
    /// <summary>Ids that one request may name.</summary>
    private const int MaxIds = 1000;

    private const int MaxQueryIdLength = 1023;

    public required ArchiveQuery Query { get; init; }

    /// <summary>Of the page; 0 when only the number of messages is wanted (XEP-0059 §2.7).</summary>
    public required int Count { get; init; }

    public bool IsFromEnd { get; init; }

    /// <summary>Whether the last message comes first.</summary>
    public bool IsFlipped { get; init; }

    /// <summary>By which the client knows the answers; null when it needs nothing.</summary>
    public string? QueryId { get; init; }

    /// <summary>Ids that were named and have to be there, but are not in <see cref="Query"/>, which has narrower ones.</summary>
    public IReadOnlyList<SortableId> AlsoThere { get; init; } = [];

    /// <summary>Whether no message is left out but by its place in the archive.</summary>
    public bool IsOfEverything => Query is { With: null, Ids: null, Text: null };

    /// <summary>Reads a <c>&lt;query/&gt;</c>.</summary>
    public static bool TryRead(
        Element payload, ArchiveOptions options, [NotNullWhen(true)] out ArchiveRequest? request, out StanzaError error)
    {
        request = null;
        error = null!;
        if (payload["node"] is not null)
            error = StanzaError.Of(StanzaErrorCondition.ItemNotFound, "The archive of an account has no nodes.");
        else if (payload["queryid"]?.Length > MaxQueryIdLength)
            error = Bad("The queryid is too long.");
        else if (!TryReadQuery(payload, out var query, out var problem) || !ResultSetRequest.TryFind(payload, out var set, out problem))
            error = problem!;
        else if (set?.Index is not null)
            error = StanzaError.Of(StanzaErrorCondition.FeatureNotImplemented, "Pages are found by ids, not by numbers.");
        else
            request = Of(payload, query, set ?? new(), options, ref error);
        return request is not null;
    }

    private static ArchiveRequest? Of(
        Element payload, ArchiveQuery query, ResultSetRequest set, ArchiveOptions options, ref StanzaError error)
    {
        var also = new List<SortableId>();
        if (!TryNarrow(query.After, set.After, also, isAfter: true, out var after)
            || !TryNarrow(query.Before, set.Before, also, isAfter: false, out var before))
        {
            error = StanzaError.Of(StanzaErrorCondition.ItemNotFound);
            return null;
        }
        return new()
        {
            Query = query with { After = after, Before = before },
            Count = Math.Min(set.Max ?? options.PageMessages, options.MaxPageMessages),
            IsFromEnd = set.Before is not null,
            IsFlipped = payload.Child(MessageArchive.Ns, "flip-page") is not null,
            QueryId = payload["queryid"],
            AlsoThere = also,
        };
    }

    /// <summary>Of an id in the form and one in the <c>&lt;set/&gt;</c>, the one that leaves less.</summary>
    /// <returns>False when what the set has is no id.</returns>
    private static bool TryNarrow(SortableId? inForm, string? inSet, List<SortableId> also, bool isAfter, out SortableId? narrow)
    {
        narrow = inForm;
        if (string.IsNullOrEmpty(inSet))
            return true;
        if (!SortableId.TryParse(inSet, out var id))
            return false;
        if (inForm is { } other)
        {
            var isNarrower = isAfter ? id.Value > other.Value : id.Value < other.Value;
            also.Add(isNarrower ? other : id);
            narrow = isNarrower ? id : other;
        }
        else
        {
            narrow = id;
        }
        return true;
    }

    private static bool TryReadQuery(Element payload, out ArchiveQuery query, out StanzaError? error)
    {
        (query, error) = (new(), null);
        if (payload.Child(DataForm.Name) is not { } x)
            return true;
        if (DataForm.Parse(x) is not { Type: DataFormType.Submit, FormType: MessageArchive.Ns } form)
        {
            error = Bad($"A submitted form of the type '{MessageArchive.Ns}' was expected.");
            return false;
        }
        foreach (var field in form.Fields.Where(field => field.Var != DataForm.FormTypeVar))
        {
            error = Apply(field, ref query);
            if (error is not null)
                return false;
        }
        return true;
    }

    /// <summary>Adds what a field says. An empty value says nothing (XEP-0004 §3.2).</summary>
    private static StanzaError? Apply(FormField field, ref ArchiveQuery query)
    {
        var value = field.Value ?? "";
        if (field.Var is not "ids" && field.Values.Count > 1)
            return Bad($"'{field.Var}' takes one value.");
        switch (field.Var)
        {
            case "with" when value.Length > 0:
                query = query with { With = Jid.TryParse(value, out var with) ? with : null };
                return query.With is null ? Bad("'with' takes an address.") : null;
            case "start" when value.Length > 0:
                query = query with { Start = XmppDateTime.TryParse(value, out var start) ? start : null };
                return query.Start is null ? Bad("'start' takes a time.") : null;
            case "end" when value.Length > 0:
                query = query with { End = XmppDateTime.TryParse(value, out var end) ? end : null };
                return query.End is null ? Bad("'end' takes a time.") : null;
            case "after-id" when value.Length > 0:
                query = query with { After = SortableId.TryParse(value, out var after) ? after : null };
                return query.After is null ? StanzaError.Of(StanzaErrorCondition.ItemNotFound) : null;
            case "before-id" when value.Length > 0:
                query = query with { Before = SortableId.TryParse(value, out var before) ? before : null };
                return query.Before is null ? StanzaError.Of(StanzaErrorCondition.ItemNotFound) : null;
            case "ids" when field.Values.Count > 0:
                return ApplyIds(field.Values, ref query);
            case "include-groupchat":
                // There are none, whatever is wanted.
                return value is "" or "0" or "1" or "true" or "false" ? null : Bad("'include-groupchat' is yes or no.");
            case ArchiveForm.FullText when value.Length > 0:
                query = query with { Text = value };
                return null;
            case "with" or "start" or "end" or "after-id" or "before-id" or "ids" or ArchiveForm.FullText:
                return null;
            default:
                return StanzaError.Of(StanzaErrorCondition.FeatureNotImplemented, "The form has a field that is not known here.");
        }
    }

    private static StanzaError? ApplyIds(IReadOnlyList<string> values, ref ArchiveQuery query)
    {
        if (values.Count > MaxIds)
            return StanzaError.Of(StanzaErrorCondition.PolicyViolation, $"No more than {MaxIds} ids can be asked for at once.");
        var ids = new HashSet<SortableId>();
        foreach (var value in values)
        {
            if (!SortableId.TryParse(value, out var id))
                return StanzaError.Of(StanzaErrorCondition.ItemNotFound);
            ids.Add(id);
        }
        query = query with { Ids = [.. ids] };
        return null;
    }

    private static StanzaError Bad(string text) => StanzaError.Of(StanzaErrorCondition.BadRequest, text);
}
