using Xmpp.Core.Modules;

namespace Xmpp.Modules.Uploads;

/// <summary>XEP-0363 HTTP File Upload: a domain that gives out slots, such as "upload.example.org", and what is at their addresses.</summary>
[Xep(363, "1.2.0")]
public sealed class HttpFileUpload(UploadDirectory uploads, IHttpAddresses web, UploadOptions options) : IXmppModule
{
    internal const string Ns = "urn:xmpp:http:upload:0";

    public void Register(IModuleBuilder builder)
    {
        builder.Service(new UploadService(uploads.Book, uploads.Files, uploads.Slots, web, options, uploads.Time));
        builder.HttpRoute(new UploadRequests(uploads.Book, uploads.Files, uploads.Slots, options, uploads.Time).Route);
        builder.AccountRemoving(uploads.NoteRemovalAsync);
        builder.AccountRemoved(uploads.ForgetAsync);
    }
}
