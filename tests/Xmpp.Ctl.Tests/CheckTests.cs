using System.Net;
using System.Net.Sockets;
using Xmpp.Ctl.Checks;
using Xmpp.Modules;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class CheckTests : CtlFixture
{
    [Fact]
    public async Task A_fresh_installation_is_well_and_stays_untouched()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync("check"));
        Assert.DoesNotContain("FAILED", Printed, StringComparison.Ordinal);
        Assert.Equal([ConfigurationFile], Directory.GetFiles(Files.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_running_server_is_asked()
    {
        StartServer();
        ConfigurationFile = Files.Write("config/here.json", """
            { "sqlite": { "file": "test.db" }, "control": { "socket": "control/ctl.sock" }, "listeners": [{ "port": 5222 }],
              "http": { "listeners": [] } }
            """);

        Assert.Equal(ExitCode.Ok, await RunAsync("check"));

        Assert.Equal(
            ["ok", "server", $"runs as process {Environment.ProcessId}, version {SoftwareVersion.Version}"],
            Rows.Single(row => row[1] == "server"));
        Assert.Equal(
            ["ok", "port [::]:5222", $"served by process {Environment.ProcessId}"],
            Rows.Single(row => row[1].StartsWith("port", StringComparison.Ordinal)));
        Assert.Contains("in use by the server", Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_problem_of_the_configuration_fails()
    {
        ConfigurationFile = Files.Write("config/wrong.json", """{ "hots": [], "limits": { "depth": 0 } }""");

        Assert.Equal(ExitCode.Failed, await RunAsync("check"));

        Assert.Equal(2, Rows.Count(row => row is ["FAILED", "configuration", _]));
    }

    [Fact]
    public async Task A_store_that_cannot_be_opened_fails()
    {
        Files.Write("test.db", "This is no database, but it is long enough to be looked at as one, and to be refused for what it is.");

        Assert.Equal(ExitCode.Failed, await RunAsync("check"));

        Assert.Equal("FAILED", Rows.Single(row => row[1] == "store")[0]);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_fails_and_one_that_will_soon_is_warned_about()
    {
        var options = new ServerOptions { Tls = new() { Certificates = Files["certs"] } };
        CertificateCheck.Prepare(options, new Clock(DateTimeOffset.UtcNow.AddDays(-820)));
        Assert.Equal(CheckState.Warning, Assert.Single(HealthCheck.Certificates(options, TimeProvider.System)).State);
        Assert.Equal(ExitCode.Ok, await RunAsync("check"));

        Assert.Equal(
            CheckState.Failed, Assert.Single(HealthCheck.Certificates(options, new Clock(DateTimeOffset.UtcNow.AddDays(6)))).State);

        File.Delete(Files["certs/localhost.key"]);
        Assert.Equal(ExitCode.Failed, await RunAsync("check"));
    }

    [Fact]
    public void A_port_that_another_process_has_fails()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var result = PortCheck.Run(new(IPAddress.Loopback, port), status: null);

        Assert.Equal(CheckState.Failed, result.State);
        Assert.StartsWith("another process has it", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_fails() =>
        Assert.Contains(
            "no such address",
            PortCheck.Run(new(IPAddress.Parse("192.0.2.1"), 0), status: null).Text,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("Max open files            1024                 524288               files     ", CheckState.Ok)]
    [InlineData("Max open files            1024                 4096                 files     ", CheckState.Warning)]
    [InlineData("Max open files            unlimited            unlimited            files     ", CheckState.Ok)]
    public void More_connections_than_open_files_are_warned_about(string limits, object state) =>
        Assert.Equal(state, HealthCheck.OpenFiles(new(), ["Limit                     Soft Limit           Hard Limit", limits]).State);

    [Fact]
    public void A_clock_from_before_the_program_was_built_fails()
    {
        Assert.Equal(CheckState.Ok, HealthCheck.Clock(TimeProvider.System).State);
        Assert.Equal(CheckState.Failed, HealthCheck.Clock(new Clock(DateTimeOffset.UnixEpoch)).State);
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
