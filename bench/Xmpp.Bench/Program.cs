using System.CommandLine;
using Xmpp.Bench;
using Xmpp.Bench.Client;

var root = new RootCommand("Load generator for XMPP servers: CPU and memory of the server per unit of work, latencies, correctness")
{
    Commands.Login(),
    Commands.Idle(),
    Commands.Chat(),
    Commands.Ping(),
    Commands.Contacts(),
    Commands.Presence(),
    Commands.Offline(),
    Commands.Room(),
    Commands.Publish(),
    Commands.Eventing(),
    Commands.Upload(),
    Commands.Register(),
    Commands.Accounts(),
    Commands.Report(),
    Commands.Fuzz(),
};

try
{
    return root.Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });
}
catch (BenchException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
