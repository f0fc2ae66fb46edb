using Microsoft.Extensions.Logging;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Storage.Sqlite;

SocketTuning.Apply();

var configuration = ConfigurationLoader.Load(ConfigurationLoader.ChoosePath(args is ["--config", var path] ? path : null));
if (!configuration.IsValid)
{
    foreach (var problem in configuration.Problems)
        Console.Error.WriteLine(problem);
    return 1;
}
var options = configuration.Options;
var certificates = CertificateCheck.Prepare(options, TimeProvider.System);
foreach (var problem in certificates.Problems)
    Console.Error.WriteLine(problem);
if (certificates.Problems.Count > 0)
    return 1;

using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole().SetMinimumLevel(options.Log.Level));
await using var store = SqliteStore.Open(options.Sqlite.File);
await using var server = await XmppServer.StartAsync(options, store, TimeProvider.System, loggers);
foreach (var (listener, endPoint) in server.Listeners)
    Console.WriteLine($"Listening on {endPoint} ({listener.Tls})");

var stop = new TaskCompletionSource();
using var onTerminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(
    System.Runtime.InteropServices.PosixSignal.SIGTERM, signal => { signal.Cancel = true; stop.TrySetResult(); });
await stop.Task;
return 0;
