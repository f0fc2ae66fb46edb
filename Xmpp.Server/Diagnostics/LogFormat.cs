using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Xmpp.Server.Diagnostics;

/// <summary>An event as a line of text.</summary>
public enum LogFormat
{
    /// <summary><c>2026-11-20T12:00:00.123Z info  ClientStream  text</c></summary>
    Plain,

    /// <summary><c>&lt;6&gt;ClientStream  text</c>: the journal has the time, and reads the level from the prefix (sd-daemon(3)).</summary>
    Journal,
}

public static class LogFormats
{
    /// <summary>What suits standard error: the journal's when systemd connected it there, and said so in <c>JOURNAL_STREAM</c>.</summary>
    public static LogFormat OfStandardError()
    {
        // "device:inode" of the journal's socket; the variable is inherited even by processes whose output was redirected.
        var journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM");
        var target = journal is null ? null : File.ResolveLinkTarget("/proc/self/fd/2", returnFinalTarget: false)?.Name;
        return target is not null && target == $"socket:[{journal!.Split(':')[^1]}]" ? LogFormat.Journal : LogFormat.Plain;
    }

    /// <summary>The line, without a line feed.</summary>
    public static string Format(this LogFormat format, LogEntry entry) => format switch
    {
        LogFormat.Journal => $"<{Priority(entry.Level)}>{entry.Category}  {entry.Message}",
        _ => string.Create(
            CultureInfo.InvariantCulture,
            $"{entry.Time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {Word(entry.Level),-5} {entry.Category}  {entry.Message}"),
    };

    /// <summary>Joins a message and its exception to one line: nothing that a peer sent can begin a line of its own.</summary>
    internal static string SingleLine(string message, Exception? exception)
    {
        var text = exception is null ? message : $"{message}: {exception}";
        if (!text.Any(char.IsControl))
            return text;
        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c == '\n')
                line.Append(" | ");
            else if (char.IsControl(c))
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                line.Append(c);
        }
        return line.ToString();
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    // syslog(3): 2 critical, 3 error, 4 warning, 6 informational, 7 debug.
    private static int Priority(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => 7,
        LogLevel.Information => 6,
        LogLevel.Warning => 4,
        LogLevel.Error => 3,
        _ => 2,
    };
}
