using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Bookmarks;

namespace Xmpp.Modules;

public sealed record PrivateXmlOptions
{
    /// <summary>Namespaces that an account may keep something in.</summary>
    [Number(1, 100_000)]
    public int MaxEntries { get; init; } = 100;

    /// <summary>What an account may keep in all.</summary>
    [Bytes(1024, 256 * 1024 * 1024)]
    public int MaxBytes { get; init; } = 1_048_576;
}

/// <summary>XEP-0049 Private XML Storage: what clients keep for themselves, by namespace.</summary>
/// <param name="bookmarks">Where bookmarks are; null when they are as all else.</param>
[Xep(49, "1.2")]
public sealed class PrivateXml(IAccountDataStore store, PrivateXmlOptions options, BookmarkBook? bookmarks) : IXmppModule
{
    private const string Ns = "jabber:iq:private";
    internal const string Kind = "private";

    /// <summary>A namespace is a key of the store.</summary>
    private const int MaxNamespaceBytes = 1023;

    internal static XmlName Query { get; } = new(Ns, "query");

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.Server | IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.OwnAccount, Query, GetAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, Query, SetAsync);
        foreach (var type in Enum.GetValues<IqType>())
        {
            builder.Iq(type, IqTarget.Server | IqTarget.OtherAccount, Query,
                (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden))); // §2.3
        }
    }

    private async ValueTask<IqReply> GetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        // §2.3: a client must not ask for more than one; the "Bad Format" that it names for none is bad-request in RFC 6120.
        if (iq.Payload.Elements.ToList() is not [var wanted])
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "One element says what is asked for.");
        if (Problem(wanted.Name.Namespace) is { } problem)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, problem);
        if (bookmarks is not null && wanted.Name == BookmarkXml.List)
            return IqReply.Result(new Element(Query, await bookmarks.ReadAsync(iq.To, cancellationToken)));
        return IqReply.Result(await store.FindAsync(iq.To, Kind, wanted.Name.Namespace, cancellationToken) is { } stored
            ? StoredXml.Read(stored)
            : new Element(Query, new Element(wanted.Name)));
    }

    private async ValueTask<IqReply> SetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var query = iq.Payload;
        // §2.3: several elements may come together if one namespace has them.
        if (query.Elements.Select(element => element.Name.Namespace).Distinct().ToList() is not [var ns])
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, "What is stored has one namespace.");
        if (Problem(ns) is { } problem)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, problem);
        var content = query.Elements.ToList();
        if (bookmarks is not null && ns == BookmarkXml.ListNs)
            return Reply(await bookmarks.WriteAsync(iq.To, iq.From, [.. content.SelectMany(list => list.Elements)], cancellationToken));
        if (content is [{ Nodes.IsEmpty: true, Attributes.IsEmpty: true }])
        {
            // An empty element and none read the same.
            await store.RemoveAsync(iq.To, Kind, ns, cancellationToken);
            return IqReply.Result();
        }
        return Reply(await KeepAsync(store, options, iq.To, ns, content, cancellationToken));
    }

    /// <summary>Keeps elements of a namespace in the place of those before.</summary>
    /// <returns>Null when it is done.</returns>
    internal static async ValueTask<StanzaError?> KeepAsync(
        IAccountDataStore store, PrivateXmlOptions options, Jid account, string ns, IReadOnlyList<Element> content,
        CancellationToken cancellationToken)
    {
        var limit = new AccountDataLimit(options.MaxEntries, options.MaxBytes);
        return await store.SetAsync(account, Kind, ns, StoredXml.Write(new Element(Query, content)), limit, cancellationToken) switch
        {
            AccountDataOutcome.Kept => null,
            AccountDataOutcome.NoAccount => StanzaError.Of(StanzaErrorCondition.RegistrationRequired),
            _ => StanzaError.Of(StanzaErrorCondition.PolicyViolation,
                $"An account may store {options.MaxEntries} namespaces and {options.MaxBytes} bytes here."),
        };
    }

    private static IqReply Reply(StanzaError? error) => error is null ? IqReply.Result() : IqReply.Failed(error);

    /// <summary>Why nothing can be kept in a namespace, or null: it isn't the element's own, is reserved (§2.3, §3), or too long.</summary>
    internal static string? Problem(string ns) => ns switch
    {
        "" => "What is stored needs a namespace of its own.",
        "vcard-temp" => Reserved(ns),
        _ when ns.StartsWith("jabber:", StringComparison.Ordinal) || ns.StartsWith("http://jabber.org/", StringComparison.Ordinal) =>
            Reserved(ns),
        _ when Encoding.UTF8.GetByteCount(ns) > MaxNamespaceBytes => "The namespace is too long.",
        _ => null,
    };

    private static string Reserved(string ns) => $"The namespace '{ns}' is reserved.";
}
