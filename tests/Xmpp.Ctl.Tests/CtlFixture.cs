using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Xmpp.Server.Control;
using Xmpp.Server.Diagnostics;
using Xmpp.Server.Tests;
using Xmpp.Server.Tests.Control;
using Xunit;

namespace Xmpp.Ctl.Tests;

/// <summary>A configuration of its own, a server when wanted, and <c>xmppctl</c> with a captured console.</summary>
public abstract class CtlFixture : IAsyncDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private ControlServer? _control;

    protected CtlFixture()
    {
        ConfigurationFile = _directory.Write("config/xmppchat.json", """
            {
              "hosts": ["localhost", "example.org"],
              "listeners": [{ "address": "127.0.0.1", "port": 0 }],
              "http": { "listeners": [] },
              "sqlite": { "file": "test.db" },
              "control": { "socket": "control/ctl.sock" },
              "authentication": { "scramIterations": 4096 }
            }
            """);
    }

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly TemporaryDirectory _directory = new();

    private protected TemporaryDirectory Files => _directory;

    private protected FakeServer? Server { get; private set; }

    protected string ConfigurationFile { get; set; }

    protected LogBuffer Events { get; } = new();

    protected string Input { get; set; } = "";

    /// <summary>What is typed when asked for a secret; null: nobody is there to ask.</summary>
    protected Queue<string>? Secrets { get; set; }

    /// <summary>What the last call printed.</summary>
    protected string Printed => _out.ToString();

    protected string Complaints => _error.ToString();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_control is not null)
            await _control.DisposeAsync();
        if (Server is not null)
            await Server.DisposeAsync();
        await _out.DisposeAsync();
        await _error.DisposeAsync();
        _directory.Dispose();
    }

    protected void StartServer()
    {
        Server = new(_directory.Path);
        _control = ControlServer.Start(Server, Events, TimeProvider.System, NullLogger<ControlServer>.Instance);
    }

    protected Task<ExitCode> RunAsync(params string[] arguments)
    {
        _out.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        var terminal = new Terminal
        {
            In = new StringReader(Input),
            Out = _out,
            Error = _error,
            IsInteractive = Secrets is not null,
            Width = null,
            ReadSecret = _ => Secrets?.Dequeue(),
        };
        return XmppCtl.RunAsync([.. arguments, "--config", ConfigurationFile], terminal, Cancellation);
    }

    /// <summary>Runs a command that succeeds, and parses what it printed.</summary>
    protected async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        Assert.Equal(ExitCode.Ok, await RunAsync([.. arguments, "--json"]));
        return JsonNode.Parse(Printed)!;
    }

    /// <summary>The cells of a printed table, without its heads.</summary>
    protected string[][] Rows => [.. Printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        .Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
