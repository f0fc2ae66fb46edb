namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>TLS by the system's libssl.so.3 on connections that we make.</summary>
internal sealed class OpenSslClient : TlsClient
{
    private readonly ServerNameMap<OpenSslContext> _contexts;

    public OpenSslClient(TlsServerOptions options)
    {
        var protocols = TlsServer.ProtocolsOf(options);
        var created = new List<OpenSslContext>();
        try
        {
            _contexts = ServerNameMap<OpenSslContext>.Create(options.Certificates, files =>
            {
                var context = OpenSslContext.CreateClient(files, protocols);
                created.Add(context);
                return context;
            });
        }
        catch
        {
            created.ForEach(context => context.Dispose());
            throw;
        }
    }

    internal override TlsSession CreateSession(TlsTarget target) =>
        new OpenSslSession(_contexts.Find(ServerNameMap.ToAscii(target.LocalHost)), target);

    public override void Dispose()
    {
        foreach (var context in _contexts.Entries)
            context.Dispose();
    }
}
