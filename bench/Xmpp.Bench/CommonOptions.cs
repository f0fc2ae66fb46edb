using System.CommandLine;
using System.CommandLine.Parsing;
using Xmpp.Bench.Client;
using Xmpp.Bench.Measuring;
using Xmpp.Bench.Reporting;

namespace Xmpp.Bench;

/// <summary>The options of every scenario: which server, which accounts, which process, which output.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string> _host = new("--host") { Description = "Address to connect to", DefaultValueFactory = _ => "127.0.0.1" };
    private readonly Option<int> _port = new("--port", "-p") { Description = "Port", DefaultValueFactory = _ => 5222 };
    private readonly Option<string> _domain = new("--domain", "-d") { Description = "Virtual host", DefaultValueFactory = _ => "localhost" };
    private readonly Option<TlsMode> _tls = new("--tls") { Description = "TLS mode", DefaultValueFactory = _ => TlsMode.StartTls };
    private readonly Option<string> _user =
        new("--user") { Description = "Localparts; {n} is the account's number", DefaultValueFactory = _ => "bench{n}" };
    private readonly Option<string> _password =
        new("--password") { Description = "Passwords; {n} is the account's number", DefaultValueFactory = _ => "bench-{n}" };
    private readonly Option<string?> _mechanism =
        new("--mechanism") { Description = "SASL mechanism (default: the strongest SCRAM offered, else PLAIN)" };
    private readonly Option<double> _timeout = Positive("--timeout", 10, "Seconds that a single answer of the server may take");
    private readonly Option<bool> _webSocket =
        new("--websocket") { Description = "Streams over WebSocket, at /xmpp-websocket (RFC 7395); TLS is none or direct" };
    private readonly Option<int[]> _pid = new("--pid")
    {
        Description = "The server's process, whose CPU and memory are measured, with its children; may be repeated",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as one line of JSON" };
    private readonly Option<string?> _server = new("--server") { Description = "Name of the server, for the report" };
    private readonly Option<string?> _case = new("--case") { Description = "Name of the case, for the report" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _host, _port, _domain, _tls, _user, _password, _mechanism, _timeout, _webSocket })
            command.Options.Add(option);
    }

    public void AddMeasuringTo(Command command)
    {
        AddTo(command);
        foreach (var option in new Option[] { _pid, _json, _server, _case })
            command.Options.Add(option);
    }

    public Target Target(ParseResult arguments) => new(
        arguments.GetRequiredValue(_host),
        arguments.GetRequiredValue(_port),
        arguments.GetRequiredValue(_domain),
        arguments.GetRequiredValue(_tls),
        arguments.GetRequiredValue(_user),
        arguments.GetRequiredValue(_password),
        arguments.GetValue(_mechanism),
        TimeSpan.FromSeconds(arguments.GetRequiredValue(_timeout)),
        arguments.GetValue(_webSocket));

    /// <summary>Runs a scenario and prints what it measured; the scenario's server is null when no process was named.</summary>
    public void Run(ParseResult arguments, string scenario, Func<Target, ServerProcess?, IReadOnlyList<Metric>> run)
    {
        var server = arguments.GetValue(_pid) is { Length: > 0 } pids ? new ServerProcess(pids) : null;
        var metrics = run(Target(arguments), server);
        server?.RequireActivity();

        var result = new Result(scenario, arguments.GetValue(_server), arguments.GetValue(_case), metrics);
        if (arguments.GetValue(_json))
            Console.WriteLine(result.ToJson());
        else
            result.WriteTable(Console.Out);
    }

    public static Option<int> Count(string name, int value, string description, int minimum = 1, int maximum = 1_000_000)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result => RequireRange(result, minimum, maximum));
        return option;
    }

    public static Option<double> Positive(string name, double value, string description, double minimum = 0.001)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result => RequireRange(result, minimum, 86_400));
        return option;
    }

    private static void RequireRange(OptionResult result, double minimum, double maximum)
    {
        if (result.Errors.Any() || result.Tokens.Count == 0)
            return;
        if (!double.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var value) || value < minimum || value > maximum)
            result.AddError($"{result.Option.Name} takes a number from {minimum} to {maximum}");
    }
}
