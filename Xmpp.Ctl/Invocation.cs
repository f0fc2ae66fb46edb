using System.CommandLine;
using Xmpp.Core.Storage;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;

namespace Xmpp.Ctl;

/// <summary>One call of <c>xmppctl</c>: the command line as parsed, and what follows from the options that all commands share.</summary>
internal sealed class Invocation(ParseResult command, Terminal terminal)
{
    public static readonly Option<string?> ConfigOption = new("--config", "-c")
    {
        Description = $"The server's configuration file [default: $XMPPCHAT_CONFIG, else {ConfigurationLoader.DefaultPath}]",
        HelpName = "file",
        Recursive = true,
    };

    public static readonly Option<bool> JsonOption = new("--json")
    {
        Description = "Print JSON instead of tables and sentences",
        Recursive = true,
    };

    private ServerOptions? _options;

    public ParseResult Command => command;

    public Terminal Terminal => terminal;

    public Output Output { get; } = new(terminal, command.GetValue(JsonOption));

    public string ConfigurationFile => ConfigurationLoader.ChoosePath(command.GetValue(ConfigOption));

    /// <exception cref="ConfigurationException">The configuration has problems.</exception>
    public ServerOptions Options => _options ??= Load(ConfigurationFile);

    public ControlClient Server => new(Options.Control.Socket);

    public Task<Accounts> OpenAccountsAsync(CancellationToken cancellationToken) => Accounts.OpenAsync(Options, cancellationToken);

    /// <summary>Opens the configured store, whether or not a server uses it.</summary>
    /// <exception cref="StoreException">It can't be opened, or is incomplete.</exception>
    public Task<IStore> OpenStoreAsync(CancellationToken cancellationToken) =>
        ConfiguredStore.OpenAsync(Options, TimeProvider.System, cancellationToken: cancellationToken);

    private static ServerOptions Load(string path)
    {
        var result = ConfigurationLoader.Load(path);
        return result.IsValid ? result.Options : throw new ConfigurationException(result.Problems);
    }
}

/// <summary>The configuration can't be used.</summary>
internal sealed class ConfigurationException(IReadOnlyList<ConfigurationProblem> problems)
    : Exception(string.Join(Environment.NewLine, problems));

/// <summary>The command line asks for something that can't be, which the parser could not know.</summary>
internal sealed class UsageException(string message) : Exception(message);
