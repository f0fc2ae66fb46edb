namespace Xmpp.Bench.Client;

/// <summary>The server refused, broke off or did not answer: the run ends with this message, without a stack trace.</summary>
internal sealed class BenchException(string message) : Exception(message);
