using System.Runtime.InteropServices;
using System.Text;

namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>TLS by the system's libssl.so.3: the least memory and time per connection, and the only one with tls-exporter.</summary>
internal sealed class OpenSslServer : TlsServer
{
    private readonly ServerNameMap<OpenSslContext> _contexts;

    public OpenSslServer(TlsServerOptions options)
    {
        ApplicationProtocols = [.. options.ApplicationProtocols.Select(name => (name, Encoding.ASCII.GetBytes(name)))];
        var protocols = ProtocolsOf(options);
        var created = new List<OpenSslContext>();
        try
        {
            _contexts = ServerNameMap<OpenSslContext>.Create(options.Certificates, files =>
            {
                var context = OpenSslContext.Create(files, options, protocols);
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

    /// <summary>Whether the library is installed.</summary>
    public static bool IsSupported { get; } =
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad(LibSsl.Library, out _) && NativeLibrary.TryLoad(LibCrypto.Library, out _);

    public override string Engine => "openssl";

    /// <summary>Best first, as text and as bytes.</summary>
    internal IReadOnlyList<(string Name, byte[] Bytes)> ApplicationProtocols { get; }

    internal override TlsSession CreateSession() => new OpenSslSession(this, _contexts.Default);

    internal OpenSslContext ContextFor(string? serverName) => _contexts.Find(serverName);

    public override void Dispose()
    {
        foreach (var context in _contexts.Entries)
            context.Dispose();
    }
}
