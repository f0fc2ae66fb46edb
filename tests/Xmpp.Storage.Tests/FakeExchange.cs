using System.IO.Pipelines;
using System.Net;
using Xmpp.Core.Modules;

namespace Xmpp.Storage.Tests;

/// <summary>A request of which only what it is sent counts.</summary>
internal sealed class FakeExchange(Stream response) : IHttpExchange
{
    public string Host => "";

    public IPAddress Client => IPAddress.Loopback;

    public string Method => "GET";

    public string Path => "";

    public long? ContentLength => null;

    public PipeReader Content => PipeReader.Create(Stream.Null);

    public Stream Response => response;

    public string? Query(string name) => null;

    public string? Header(string name) => null;

    public void AllowContent(long length)
    {
    }

    public void Respond(int status)
    {
    }

    public void SetHeader(string name, string value)
    {
    }

    public async Task SendFileAsync(string file, long offset, long length, CancellationToken cancellationToken)
    {
        var content = await File.ReadAllBytesAsync(file, cancellationToken);
        await response.WriteAsync(content.AsMemory((int)offset, (int)length), cancellationToken);
    }
}
