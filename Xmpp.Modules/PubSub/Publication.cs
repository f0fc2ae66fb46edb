using System.Text;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>What somebody wants to publish (XEP-0060 §7.1): read and checked as far as it can be without the node.</summary>
/// <param name="Items">An id, null where the service makes one; the payload, null for none.</param>
/// <param name="Options">Preconditions (§7.1.5), or null.</param>
internal sealed record Publication(IReadOnlyList<(string? Id, Element? Payload)> Items, DataForm? Options)
{
    private const int MaxIdBytes = 1023;

    /// <returns>Null, and why.</returns>
    public static Publication? Read(PubSubRequest request, PubSubOptions limits, out StanzaError? error)
    {
        error = null;
        var items = new List<(string?, Element?)>();
        foreach (var item in PubSubXml.Items(request.Action))
        {
            var payloads = item.Elements.ToList();
            if (payloads.Count > 1)
                error = PubSubErrors.InvalidPayload;
            var id = item["id"] is { Length: > 0 } given ? given : null;
            if (id is not null && Encoding.UTF8.GetByteCount(id) > MaxIdBytes)
                error = PubSubErrors.NotAcceptable($"The id of an item has at most {MaxIdBytes} bytes.");
            items.Add((id, payloads.FirstOrDefault()));
        }
        if (items.Count > limits.PageItems)
            error = PubSubErrors.MaxItemsExceeded;

        DataForm? options = null;
        if (request.Payload.Child(PubSubXml.Ns, "publish-options") is { } wish
            && (options = DataForm.Parse(wish.Child(DataForm.Name))) is not { Type: DataFormType.Submit })
        {
            error = StanzaError.Of(StanzaErrorCondition.BadRequest, "Options are a form that was submitted.");
        }
        return error is null ? new(items, options) : null;
    }

    /// <summary>Whether the node takes it (§7.1.3.7, §7.1.5); null when it does.</summary>
    public StanzaError? Check(NodeConfiguration configuration, PubSubOptions limits)
    {
        if (Options?.Fields.Any(field =>
            field.Var is not (null or DataForm.FormTypeVar) && !NodeFields.Has(configuration, field)) == true)
            return PubSubErrors.PreconditionNotMet;
        var isWanted = configuration.Persists || configuration.DeliversPayloads;
        if (Items.Count == 0)
            return isWanted ? PubSubErrors.ItemRequired : null;
        if (!isWanted)
            return PubSubErrors.ItemForbidden;
        if (Items.Count > configuration.KeepItems(limits.ItemsPerNode))
            return PubSubErrors.MaxItemsExceeded;
        return configuration.DeliversPayloads && Items.Any(item => item.Payload is null) ? PubSubErrors.PayloadRequired : null;
    }
}
