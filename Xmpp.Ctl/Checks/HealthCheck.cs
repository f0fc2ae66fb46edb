using System.Globalization;
using System.Runtime.InteropServices;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;

namespace Xmpp.Ctl.Checks;

/// <summary>Everything that can be said about an installation from outside. Changes nothing.</summary>
internal static class HealthCheck
{
    private const string OpenSsl = "libssl.so.3";

    public static async Task<IReadOnlyList<CheckResult>> RunAsync(
        string configurationFile, TimeProvider time, CancellationToken cancellationToken)
    {
        var configuration = ConfigurationLoader.Load(configurationFile);
        if (!configuration.IsValid)
            return [.. configuration.Problems.Select(problem => CheckResult.Failed("configuration", problem.ToString())), Clock(time)];
        var options = configuration.Options;
        var (server, status) = await ServerAsync(options, cancellationToken);
        return
        [
            CheckResult.Ok("configuration", configurationFile),
            .. ServerOptionsValidator.Warnings(options).Select(warning => CheckResult.Warning("configuration", warning)),
            .. Certificates(options, time),
            Tls(options),
            server,
            .. options.Listeners.Select(listener => PortCheck.Run(new(listener.Address, listener.Port), status)),
            .. options.Http.Listeners.Select(listener => PortCheck.Run(new(listener.Address, listener.Port), status)),
            await StoreCheck.RunAsync(options, status, cancellationToken),
            .. await UploadCheck.RunAsync(options, cancellationToken),
            OpenFiles(options, File.ReadLines("/proc/self/limits")),
            Clock(time),
        ];
    }

    /// <summary>Whether more connections are allowed than the system lets a process have open files.</summary>
    /// <param name="limits">The lines of <c>/proc/PID/limits</c> (proc(5)).</param>
    internal static CheckResult OpenFiles(ServerOptions options, IEnumerable<string> limits)
    {
        const string Subject = "open files";
        var line = limits.FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) ?? "";
        // "Max open files  1024  524288  files": .NET raises the soft limit to the hard one.
        if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, _, _, _, var hard, ..]
            || !long.TryParse(hard, NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
            return CheckResult.Ok(Subject, "no limit");
        return limit > options.Limits.Connections
            ? CheckResult.Ok(Subject, $"up to {limit}")
            : CheckResult.Warning(Subject,
                $"a process may have {limit}, but limits.connections is {options.Limits.Connections}; "
                + "lower it, or raise LimitNOFILE of the unit, or ulimit -Hn");
    }

    /// <summary>A clock that is behind cannot be noticed in general, but before this program was built it never was.</summary>
    internal static CheckResult Clock(TimeProvider time)
    {
        var now = time.GetUtcNow();
        var built = File.GetLastWriteTimeUtc(typeof(HealthCheck).Assembly.Location);
        return now >= built
            ? CheckResult.Ok("clock", $"{now:yyyy-MM-dd HH:mm:ss} UTC")
            : CheckResult.Failed(
                "clock", $"{now:yyyy-MM-dd HH:mm:ss} UTC is before this program was built: set it, for example by systemd-timesyncd");
    }

    internal static IEnumerable<CheckResult> Certificates(ServerOptions options, TimeProvider time)
    {
        var check = CertificateCheck.Run(options, time);
        foreach (var certificate in check.Certificates)
        {
            var subject = $"certificate of {certificate.Host}";
            var isMissing = !File.Exists(certificate.CertificateFile) && !File.Exists(certificate.KeyFile);
            if (isMissing && options.Tls.GenerateMissing)
                yield return CheckResult.Ok(subject, "none yet: the first start makes one for development");
            else if (certificate.IsUsable && certificate.Warnings.Count == 0)
                yield return CheckResult.Ok(subject, $"until {Output.Date(certificate.NotAfter)}");
            else if (certificate.IsUsable)
                yield return new(StateOf(certificate, time), subject, string.Join("; ", certificate.Warnings));
            else
                yield return CheckResult.Failed(subject, string.Join("; ", certificate.Problems));
        }
        foreach (var problem in check.Problems.Except(check.Certificates.SelectMany(certificate => certificate.Problems)))
            yield return CheckResult.Failed("client certificates", problem.ToString());
    }

    private static CheckState StateOf(HostCertificate certificate, TimeProvider time) =>
        certificate.HasExpired(time.GetUtcNow()) ? CheckState.Failed : CheckState.Warning;

    private static CheckResult Tls(ServerOptions options)
    {
        const string Subject = "TLS engine";
        var hasOpenSsl = NativeLibrary.TryLoad(OpenSsl, out var library);
        NativeLibrary.Free(library);
        return (options.Tls.Engine, hasOpenSsl) switch
        {
            ("sslstream", _) => CheckResult.Ok(Subject, "sslstream"),
            (_, true) => CheckResult.Ok(Subject, $"openssl ({OpenSsl})"),
            ("auto", false) => CheckResult.Warning(
                Subject, $"sslstream, which needs twice the memory, since {OpenSsl} is missing: apt-get install libssl3"),
            (_, false) => CheckResult.Failed(Subject, $"tls.engine is openssl, but {OpenSsl} is missing: apt-get install libssl3"),
        };
    }

    private static async Task<(CheckResult Result, ServerStatus? Status)> ServerAsync(
        ServerOptions options, CancellationToken cancellationToken)
    {
        const string Subject = "server";
        try
        {
            var status = await new ControlClient(options.Control.Socket).SendForOneAsync<ServerStatus>(
                new StatusRequest(), cancellationToken);
            return (CheckResult.Ok(Subject, $"runs as process {status!.Pid}, version {status.Version}"), status);
        }
        catch (ServerNotRunningException)
        {
            return (CheckResult.Ok(Subject, "does not run"), null);
        }
        catch (ControlException failure)
        {
            return (CheckResult.Failed(Subject, failure.Message), null);
        }
    }
}
