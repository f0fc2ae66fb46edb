using System.Runtime.InteropServices;
using Xmpp.Core.Modules;
using Xmpp.Modules;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

const string usage = "Usage: xmppchat [--config FILE]   (default: config/xmppchat.json, or XMPPCHAT_CONFIG)";

string? file = null;
switch (args)
{
    case []:
        break;
    case ["--config", var given]:
        file = given;
        break;
    case ["--help"]:
        Console.WriteLine(usage);
        return 0;
    case ["--version"]:
        Console.WriteLine($"{SoftwareVersion.Name} {SoftwareVersion.Version}");
        return 0;
    default:
        Console.Error.WriteLine(usage);
        return 2;
}

SocketTuning.Apply();
using var trimmer = new MemoryTrimmer(TimeProvider.System);
using var systemd = new SystemdNotifier();
var stop = new TaskCompletionSource<ServerEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
ServerProcess? running = null;
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);
while (true)
{
    try
    {
        running = await ServerProcess.StartAsync(ConfigurationLoader.ChoosePath(file), TimeProvider.System);
    }
    catch (StartException failure)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
    await using var server = running;
    foreach (var listener in server.Listeners)
        Console.WriteLine($"Listening on {listener.EndPoint} ({Describe(listener)})");
    Console.WriteLine($"Serving {string.Join(", ", server.Options.Hosts)}. Add a user: ./xmppctl user add NAME@{server.Options.Hosts[0]}");
    if (server.ChatUrl is { } chat)
        Console.WriteLine($"Chat in a browser: {chat}");
    systemd.Ready($"Serving {string.Join(", ", server.Options.Hosts)}");

    var how = await await Task.WhenAny(stop.Task, server.EndAsked);
    running = null;
    if (how == ServerEnd.ShutDown)
    {
        systemd.Stopping();
        return 0;
    }
    systemd.Reloading();
}

void Stop(PosixSignalContext signal)
{
    // The runtime would end the process at once.
    signal.Cancel = true;
    stop.TrySetResult(ServerEnd.ShutDown);
}

async void Reload(PosixSignalContext signal)
{
    signal.Cancel = true;
    // Between two servers there is nothing to reload: the next one reads everything anew.
    if (Volatile.Read(ref running) is not { } server)
        return;
    systemd.Reloading();
    await server.ReloadAsync(CancellationToken.None);
    systemd.Ready($"Serving {string.Join(", ", server.Options.Hosts)}");
}

static string Describe(ListenerInfo listener) => listener.Tls switch
{
    ListenerTls.Direct when listener.IsHttp => "HTTPS",
    _ when listener.IsHttp => "HTTP",
    ListenerTls.StartTls => "STARTTLS",
    ListenerTls.Direct => "Direct TLS",
    _ => "no TLS",
};
