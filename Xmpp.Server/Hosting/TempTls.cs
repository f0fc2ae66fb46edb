using Xmpp.Server.Transport;
namespace Xmpp.Server.Hosting;
internal sealed class TempTls : ITlsServer { public string Engine => "none"; public void Dispose() { } }
