using System.Globalization;
using System.Text;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.Uploads;

/// <summary>Files come and go by HTTP (XEP-0363 §7).</summary>
internal sealed class UploadRequests(UploadBook book, UploadFiles files, UploadSlots slots, UploadOptions options, TimeProvider time)
{
    public const string Path = "/upload/";

    /// <summary>The parameter with the slot.</summary>
    public const string Slot = "slot";

    public HttpRoute Route => new(Path, ["GET", "PUT"], HandleAsync)
    {
        IsForAnyOrigin = true,
        // Converse.js sends the latter with what it was given.
        AllowedHeaders = ["Content-Type", "Authorization", "Range"],
    };

    /// <summary>Where a file is fetched from; null when nothing is served by HTTP.</summary>
    public static string? AddressOf(Upload upload, IHttpAddresses web) =>
        web.UrlOf(upload.Owner.Domain, $"{Path}{upload.Id}/{Uri.EscapeDataString(upload.Name)}");

    private async ValueTask HandleAsync(IHttpExchange request, CancellationToken cancellationToken)
    {
        var slash = request.Path.IndexOf('/', StringComparison.Ordinal);
        var (id, name) = slash < 0 ? ("", "") : (request.Path[..slash], request.Path[(slash + 1)..]);
        if (!UploadFiles.IsId(id))
            await RefuseAsync(request, 404, "There is no such file.", cancellationToken);
        else if (request.Method == "PUT")
            await PutAsync(request, id, name, cancellationToken);
        else
            await GetAsync(request, id, name, cancellationToken);
    }

    private async ValueTask PutAsync(IHttpExchange request, string id, string name, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (request.Query(Slot) is not { } text || slots.Verify(text) is not { } slot || slot.Id != id || slot.Name != name)
            await RefuseAsync(request, 403, "This is no slot of ours.", cancellationToken);
        else if (now > slot.Created + options.SlotTime || slot.IsExpired(now))
            await RefuseAsync(request, 403, "The slot has expired; ask for a new one.", cancellationToken);
        else if (request.ContentLength is not { } length)
            await RefuseAsync(request, 411, "The length of the content has to be said.", cancellationToken);
        else if (length != slot.Size)
            await RefuseAsync(request, length > slot.Size ? 413 : 400, $"The slot is for {slot.Size} bytes.", cancellationToken);
        else if (slot.Type is not null && request.Header("Content-Type") is { } type && !IsSame(type, slot.Type))
            await RefuseAsync(request, 415, $"The slot is for {slot.Type}.", cancellationToken);
        else
            await ReceiveAsync(request, slot, cancellationToken);
    }

    private async ValueTask ReceiveAsync(IHttpExchange request, Upload slot, CancellationToken cancellationToken)
    {
        if (options.ServiceBytes is > 0 and var most && files.Bytes + slot.Size > most)
        {
            await RefuseAsync(request, 507, "There is no room left.", cancellationToken);
            return;
        }
        request.AllowContent(slot.Size);
        // Until the account has it nobody gets it; if that is never, it is swept away.
        switch (await files.ReceiveAsync(slot, request.Content, upload => book.AddAsync(upload, CancellationToken.None), cancellationToken))
        {
            case true:
                request.Respond(201);
                break;
            case false:
                await RefuseAsync(request, 403, "There is no room left in your account.", cancellationToken);
                break;
            case null:
                await RefuseAsync(request, 409, "The slot has been used.", cancellationToken);
                break;
        }
    }

    private async ValueTask GetAsync(IHttpExchange request, string id, string name, CancellationToken cancellationToken)
    {
        if (await files.FindAsync(id, cancellationToken) is not { } found || found.Upload.Name != name
            || found.Upload.IsExpired(time.GetUtcNow()) || !await book.HasAsync(found.Upload, cancellationToken))
        {
            await RefuseAsync(request, 404, "There is no such file.", cancellationToken);
            return;
        }
        var upload = found.Upload;
        var tag = $"\"{id}\"";
        var modified = DateTimeOffset.FromUnixTimeSeconds(upload.Created.ToUnixTimeSeconds());
        request.SetHeader("ETag", tag);
        request.SetHeader("Last-Modified", modified.ToString("R", CultureInfo.InvariantCulture));
        request.SetHeader("Content-Security-Policy", ContentPolicy.Security);
        request.SetHeader("Cross-Origin-Resource-Policy", "cross-origin");
        // What is at an address never changes, but it may go.
        request.SetHeader("Cache-Control", "private, max-age=86400");
        request.SetHeader("Accept-Ranges", "bytes");
        if (Preconditions.Check(request, tag, modified) is { } status)
        {
            request.Respond(status);
            return;
        }
        var wanted = Preconditions.IsRangeValid(request, tag, modified) ? request.Header("Range") : null;
        if (!ByteRange.TryRead(wanted, upload.Size, out var range))
        {
            request.SetHeader("Content-Range", $"bytes */{upload.Size}");
            await RefuseAsync(request, 416, $"The file has {upload.Size} bytes.", cancellationToken);
            return;
        }
        var part = range ?? new ByteRange(0, upload.Size);
        if (range is not null)
        {
            request.Respond(206);
            request.SetHeader("Content-Range", $"bytes {part.Start}-{part.Start + part.Length - 1}/{upload.Size}");
        }
        var (type, disposition) = ContentPolicy.Of(upload);
        request.SetHeader("Content-Type", type);
        request.SetHeader("Content-Disposition", disposition);
        request.SetHeader("Content-Length", part.Length.ToString(CultureInfo.InvariantCulture));
        if (request.Method == "HEAD")
            return;
        try
        {
            await found.File.SendAsync(request, part.Start, part.Length, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            // It was removed meanwhile.
            await RefuseAsync(request, 404, "There is no such file.", cancellationToken);
        }
    }

    /// <summary>Parameters, such as a charset, don't make another type of it.</summary>
    private static bool IsSame(string type, string other) =>
        type.Split(';')[0].Trim().Equals(other.Split(';')[0].Trim(), StringComparison.OrdinalIgnoreCase);

    private static async ValueTask RefuseAsync(IHttpExchange request, int status, string text, CancellationToken cancellationToken)
    {
        var content = Encoding.UTF8.GetBytes(text + "\n");
        request.Respond(status);
        request.SetHeader("Content-Type", "text/plain; charset=utf-8");
        request.SetHeader("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture));
        if (request.Method != "HEAD")
            await request.Response.WriteAsync(content, cancellationToken);
    }
}
