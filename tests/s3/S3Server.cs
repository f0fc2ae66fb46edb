using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Xmpp.Testing;

/// <summary>
/// An S3 store of its own for a test: s3rver, as <c>server.mjs</c> beside this file starts it. Where that is not installed its tests are
/// skipped, unless CI=true.
/// </summary>
public sealed class S3Server : IAsyncDisposable
{
    public const string Bucket = "uploads";
    public const string Key = "S3RVER";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("xmppchat-s3-").FullName;
    private Process? _process;
    private int _port;

    public Uri Endpoint => new($"http://127.0.0.1:{_port}");

    /// <summary>The files of s3rver that are objects.</summary>
    public IEnumerable<string> Objects =>
        Directory.EnumerateFiles(Path.Combine(_directory, Bucket), "*._S3rver_object", SearchOption.AllDirectories);

    /// <summary>Starts it, unless it runs: anew at the same port, with what was there.</summary>
    public async Task StartAsync()
    {
        if (_process is not null)
            return;
        var here = Path.Combine(FindRoot(), "tests", "s3");
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(here, "node_modules")) || Environment.GetEnvironmentVariable("CI") == "true",
            "tests/s3/node_modules is not there; test.sh installs it.");
        _process = Process.Start(new ProcessStartInfo(
            "node",
            ["--openssl-legacy-provider", Path.Combine(here, "server.mjs"), _directory, _port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        using var deadline = new CancellationTokenSource(Deadline);
        var port = await _process.StandardOutput.ReadLineAsync(deadline.Token);
        _port = int.Parse(port ?? throw new InvalidOperationException("The S3 store did not start."), CultureInfo.InvariantCulture);
    }

    /// <summary>Kills it.</summary>
    public async Task StopAsync()
    {
        if (_process is null)
            return;
        using var deadline = new CancellationTokenSource(Deadline);
        _process.Kill();
        await _process.WaitForExitAsync(deadline.Token);
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "XmppChat.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("XmppChat.sln was not found.");
        return directory;
    }
}
