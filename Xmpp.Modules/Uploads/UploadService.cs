using System.Globalization;
using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Uploads;

/// <summary>The domain that gives out slots (XEP-0363 §3-6).</summary>
internal sealed class UploadService(
    UploadBook book, UploadFiles files, UploadSlots slots, IHttpAddresses web, UploadOptions options, TimeProvider time) : IHostService
{
    private const string PurposeNs = "urn:xmpp:http:upload:purpose:0";

    private static readonly XmlName InfoQuery = new(Namespaces.DiscoInfo, "query");
    private static readonly XmlName ItemsQuery = new(Namespaces.DiscoItems, "query");
    private static readonly XmlName Ping = new("urn:xmpp:ping", "ping");
    private static readonly XmlName Request = new(HttpFileUpload.Ns, "request");

    public string Label => options.Label;

    public string Name => "HTTP File Upload";

    public ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken) =>
        new(message.Type == "error" ? null : StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));

    public ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken) => default;

    public ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken)
    {
        if (request is null)
            return new(IqReply.Sent);
        if (iq.To.Local is not null || iq.To.IsFull || request is not IqType.Get)
            return new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));
        var payload = iq.Payload;
        if (payload.Name == Request)
            return GiveAsync(iq, payload, cancellationToken);
        if (payload.Name == Ping)
            return new(IqReply.Result());
        if (payload.Name != InfoQuery && payload.Name != ItemsQuery)
            return new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));
        if (payload["node"] is not null)
            return new(IqReply.Failed(StanzaErrorCondition.ItemNotFound));
        return new(IqReply.Result(payload.Name == InfoQuery ? Info() : new Element(ItemsQuery)));
    }

    private Element Info() => new(InfoQuery,
        new Element(Namespaces.DiscoInfo, "identity",
            Element.Attr("category", "store"), Element.Attr("type", "file"), Element.Attr("name", Name)),
        Features().Select(feature => new Element(Namespaces.DiscoInfo, "feature", Element.Attr("var", feature))),
        DataForm.Of(DataFormType.Result, HttpFileUpload.Ns, new FormField("max-file-size", null, [Number(options.FileBytes)])).ToElement());

    private IEnumerable<string> Features() =>
    [
        Namespaces.DiscoInfo, Namespaces.DiscoItems, HttpFileUpload.Ns, Ping.Namespace,
        .. Enum.GetValues<UploadPurpose>().Where(IsAllowed).Select(purpose => $"{PurposeNs}#{WireName(purpose)}"),
    ];

    private async ValueTask<IqReply> GiveAsync(ServiceStanza iq, Element request, CancellationToken cancellationToken)
    {
        if (iq.Sender is null || iq.From.Domain != iq.Host)
            return IqReply.Failed(StanzaErrorCondition.Forbidden, $"This is for users of {iq.Host}.");
        if (!TryRead(request, iq.From.Bare, out var upload, out var error))
            return IqReply.Failed(error);
        var largest = upload.Purpose is UploadPurpose.Profile ? Math.Min(options.ProfileFileBytes, options.FileBytes) : options.FileBytes;
        if (upload.Size > largest)
        {
            return IqReply.Failed(new StanzaError(
                StanzaErrorCondition.NotAcceptable, StanzaErrorType.Modify, $"File too large. The maximum file size is {largest} bytes",
                new Element(HttpFileUpload.Ns, "file-too-large", new Element(HttpFileUpload.Ns, "max-file-size", Number(largest)))));
        }
        if (options.ServiceBytes > 0 && files.Bytes + upload.Size > options.ServiceBytes)
            return IqReply.Failed(UploadQuota.Refuse("There is no room left on this server."));
        if (await book.ReserveAsync(upload, cancellationToken) is { } refusal)
            return IqReply.Failed(refusal);
        if (UploadRequests.AddressOf(upload, web) is not { } url)
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        return IqReply.Result(new Element(HttpFileUpload.Ns, "slot",
            new Element(HttpFileUpload.Ns, "put", Element.Attr("url", $"{url}?{UploadRequests.Slot}={slots.Sign(upload)}")),
            new Element(HttpFileUpload.Ns, "get", Element.Attr("url", url))));
    }

    /// <summary>Reads what somebody wants to upload, and decides how long it is kept.</summary>
    private bool TryRead(Element request, Jid account, out Upload upload, out StanzaError error)
    {
        upload = null!;
        error = StanzaError.Of(StanzaErrorCondition.BadRequest);
        var now = time.GetUtcNow();
        if (request["filename"] is not { Length: > 0 } name
            || !long.TryParse(request["size"], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size == 0
            || (request["content-type"] is { } type && !ContentPolicy.IsMediaType(type)))
        {
            error = StanzaError.Of(StanzaErrorCondition.BadRequest, "A request has a filename, a size and perhaps a content-type.");
            return false;
        }
        var element = request.Elements.FirstOrDefault(child => child.Name.Namespace == PurposeNs);
        // A purpose that nobody knows is that of most.
        var purpose = Enum.GetValues<UploadPurpose>().FirstOrDefault(purpose => WireName(purpose) == element?.Name.Local);
        if (!IsAllowed(purpose))
        {
            error = StanzaError.Of(StanzaErrorCondition.NotAllowed, "No file is kept for ever here.");
            return false;
        }
        var expires = purpose switch
        {
            UploadPurpose.Permanent => null,
            UploadPurpose.Profile => After(now, options.KeepProfile),
            _ => After(now, options.Keep),
        };
        if (purpose is UploadPurpose.Ephemeral)
        {
            if (!XmppDateTime.TryParse(element!["expire-before"], out var before) || before <= now)
            {
                error = StanzaError.Of(StanzaErrorCondition.BadRequest, "What is ephemeral expires before a time to come (expire-before).");
                return false;
            }
            expires = before < expires || expires is null ? before : expires;
        }
        upload = new(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), account.ToString(), ContentPolicy.NameOf(name),
            request["content-type"], size, purpose, now, expires);
        return true;
    }

    private bool IsAllowed(UploadPurpose purpose) => purpose is not UploadPurpose.Permanent || options.AllowPermanent;

    private static DateTimeOffset? After(DateTimeOffset now, TimeSpan keep) => keep == TimeSpan.Zero ? null : now + keep;

    private static string WireName(UploadPurpose purpose) => purpose.ToString().ToLowerInvariant();

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
