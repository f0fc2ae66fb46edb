using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Xmpp.Server.Control;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Hosting;

namespace Xmpp.Ctl.Commands;

/// <summary>The server as a whole: its hosts, state, configuration and log.</summary>
internal static class ServerCommands
{
    public static Command CreateHost(Terminal terminal) => new("host", "See the virtual hosts; move their accounts")
    {
        new Command("list", "List the virtual hosts").WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var hosts = await ListHostsAsync(invocation, cancellationToken);
            invocation.Output.Table(hosts, ["Host", "Accounts", "Sessions", "Certificate until"], host =>
                [host.Host, Number(host.Accounts), Number(host.Sessions), Output.Date(host.CertificateEnds)]);
            return ExitCode.Ok;
        }),
        PortableCommands.ExportHost(terminal),
        PortableCommands.ImportHost(terminal),
    };

    public static Command CreateStatus(Terminal terminal) =>
        new Command("status", "Show how the server is").WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var status = (await invocation.Server.SendForOneAsync<ServerStatus>(new StatusRequest(), cancellationToken))!;
            invocation.Output.Properties(status,
            [
                ("Version", status.Version),
                ("Process", $"{status.Pid}, up {Output.Duration(TimeSpan.FromSeconds(status.Uptime))} since {Output.Date(status.Started)}"),
                ("Sessions", $"{Number(status.Sessions)}, {Number(status.Queues.Away)} of which wait for their clients"),
                ("Unacknowledged", $"{Number(status.Queues.Stanzas)} stanzas, {Megabytes(status.Queues.Bytes)}"),
                ("Kept messages", Commits(status.Commits)),
                ("Connections", Number(status.Connections)),
                .. status.Listeners.Select(listener => ("Listens on", Listener(listener))),
                ("TLS engine", status.TlsEngine),
                ("Memory", $"{Megabytes(status.ResidentBytes)} resident, of which {Megabytes(status.HeapBytes)} managed"),
                ("Store", $"{status.Store.Kind} {status.Store.Location}, schema {status.Store.SchemaVersion}"),
                ("Writes waiting", Number(status.Store.QueuedWrites)),
                ("Store health", status.Store.Healthy ? "good" : status.Store.Problem ?? "bad"),
                .. status.CertificateEnds.Select(end => ("Certificate", $"{end.Key} until {Output.Date(end.Value)}")),
            ]);
            return ExitCode.Ok;
        });

    public static Command CreateReload(Terminal terminal) =>
        new Command("reload", "Read configuration and certificates again").WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var report = (await invocation.Server.SendForOneAsync<ReloadReport>(new ReloadRequest(), cancellationToken))!;
            foreach (var problem in report.Problems)
                terminal.Error.WriteLine(problem);
            foreach (var warning in report.Warnings)
                invocation.Output.Warn(warning);
            invocation.Output.Say(Summary(report), report);
            return report.Problems.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
        });

    public static Command CreateLog(Terminal terminal)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Show new events as they come, until interrupted" };
        var lines = new Option<int>("--lines", "-n") { Description = "How many of the last events", DefaultValueFactory = _ => 50 };
        var level = new Option<LogLevel>("--level")
        {
            Description = "Leave out less severe events",
            DefaultValueFactory = _ => LogLevel.Trace,
        };
        var log = new Command("log", "Show the server's log") { follow, lines, level };
        return log.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var command = invocation.Command;
            var request = new LogRequest(command.GetValue(lines), command.GetValue(follow), command.GetValue(level));
            await foreach (var entry in invocation.Server.SendAsync<LogEntry>(request, cancellationToken))
                invocation.Output.Line(LogFormat.Plain.Format(entry), entry);
            return ExitCode.Ok;
        });
    }

    /// <summary>As the server sees them; without one, as the configuration, the store and the certificates' files say.</summary>
    private static async Task<List<HostInfo>> ListHostsAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        await using var accounts = await invocation.OpenAccountsAsync(cancellationToken);
        if (accounts.Store is null)
            return await invocation.Server.SendAsync<HostInfo>(new ListHostsRequest(), cancellationToken).ToListAsync(cancellationToken);
        var hosts = new List<HostInfo>();
        foreach (var certificate in CertificateCheck.Run(invocation.Options, TimeProvider.System).Certificates)
            hosts.Add(new(certificate.Host, await accounts.Store.CountAsync(certificate.Host, cancellationToken), 0, certificate.NotAfter));
        return hosts;
    }

    private static string Summary(ReloadReport report)
    {
        if (report.Problems.Count > 0)
            return "Nothing was changed.";
        var applied = report.Applied.Count > 0 ? $"In force: {string.Join(", ", report.Applied)}." : "Nothing has changed.";
        return report.NeedRestart.Count > 0 ? $"{applied} With the next start: {string.Join(", ", report.NeedRestart)}." : applied;
    }

    private static string Commits(CommitTotals commits) => string.Create(
        CultureInfo.InvariantCulture,
        $"{commits.Count}, within {commits.MeanMilliseconds:0.0} ms on average and {commits.LongestMilliseconds:0} ms at most")
        + (commits.Failed == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {commits.Failed} could not be kept"));

    private static string Listener(ListenerStatus listener) => listener.Tls switch
    {
        ListenerTls.Direct when listener.IsHttp => $"{listener.Address} port {listener.Port}, HTTPS",
        _ when listener.IsHttp => $"{listener.Address} port {listener.Port}, HTTP",
        ListenerTls.StartTls => $"{listener.Address} port {listener.Port}, STARTTLS",
        ListenerTls.Direct => $"{listener.Address} port {listener.Port}, Direct TLS",
        _ => $"{listener.Address} port {listener.Port}, no TLS",
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MB");
}
