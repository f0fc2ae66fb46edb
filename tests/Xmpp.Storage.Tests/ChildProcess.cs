using System.Diagnostics;

namespace Xmpp.Storage.Tests;

/// <summary>A run of Xmpp.Storage.Crash (its Program.cs says what it does), killed at the latest when disposed.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    /// <param name="command">"write", "fill" or "open".</param>
    /// <param name="path">The database, or its connection string.</param>
    /// <param name="launcher">A program and its arguments to start it with, or nothing.</param>
    public ChildProcess(string command, string path, params string[] launcher)
    {
        string[] line = [.. launcher, Path.Combine(AppContext.BaseDirectory, "Xmpp.Storage.Crash"), command, path];
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
    }

    /// <returns>The next line it prints; null when it has ended.</returns>
    public async Task<string?> ReadLineAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        return await _process.StandardOutput.ReadLineAsync(deadline.Token);
    }

    public Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        _process.Kill();
        await _process.WaitForExitAsync(deadline.Token);
    }

    /// <summary>Limits how large a file it may write: what is beyond fails as on a full disk.</summary>
    /// <param name="bytes">A number, or "unlimited".</param>
    public void LimitFileSize(string bytes) => Run("prlimit", "--pid", $"{_process.Id}", $"--fsize={bytes}:unlimited");

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Whether it succeeded.</returns>
    public static bool TryRun(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        return process.WaitForExit(Deadline) && process.ExitCode == 0;
    }

    public static void Run(string program, params string[] arguments)
    {
        if (!TryRun(program, arguments))
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed.");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit(Deadline);
        _process.Dispose();
    }
}
