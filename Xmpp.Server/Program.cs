using System.Runtime.InteropServices;
using Xmpp.Modules;
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
using var systemd = new SystemdNotifier();
ServerProcess server;
try
{
    server = await ServerProcess.StartAsync(ConfigurationLoader.ChoosePath(file), TimeProvider.System);
}
catch (StartException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

await using (server)
{
    var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload);

    foreach (var listener in server.Listeners)
        Console.WriteLine($"Listening on {listener.EndPoint} ({Describe(listener.Tls)})");
    Console.WriteLine($"Serving {string.Join(", ", server.Options.Hosts)}. Add a user: ./xmppctl user add NAME@{server.Options.Hosts[0]}");
    systemd.Ready($"Serving {string.Join(", ", server.Options.Hosts)}");
    await stop.Task;
    systemd.Stopping();

    void Stop(PosixSignalContext signal)
    {
        // The runtime would end the process at once.
        signal.Cancel = true;
        stop.TrySetResult();
    }

    async void Reload(PosixSignalContext signal)
    {
        signal.Cancel = true;
        systemd.Reloading();
        await server.ReloadAsync(CancellationToken.None);
        systemd.Ready($"Serving {string.Join(", ", server.Options.Hosts)}");
    }
}
return 0;

static string Describe(ListenerTls tls) => tls switch
{
    ListenerTls.StartTls => "STARTTLS",
    ListenerTls.Direct => "Direct TLS",
    _ => "no TLS",
};
