using Microsoft.Extensions.Logging;

namespace Xmpp.Server.Diagnostics;

/// <summary>One logged event.</summary>
/// <param name="Time">When it happened.</param>
/// <param name="Level">How severe it is.</param>
/// <param name="Category">The class that logged it, without its namespace.</param>
/// <param name="Message">One line: control characters are escaped, an exception follows the text.</param>
public sealed record LogEntry(DateTimeOffset Time, LogLevel Level, string Category, string Message);
