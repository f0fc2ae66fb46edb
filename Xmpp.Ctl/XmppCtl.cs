using System.CommandLine;
using System.CommandLine.Help;
using Xmpp.Core.Storage;
using Xmpp.Ctl.Commands;
using Xmpp.Modules.Portability;
using Xmpp.Server.Control;
using Xmpp.Storage.Transfer;

namespace Xmpp.Ctl;

/// <summary>The operator's command line.</summary>
public static class XmppCtl
{
    private const string Description = """
        Manages an XmppChat server and its accounts.

        Exit codes: 0 done; 1 failed, or the answer is no; 2 wrong command line; 3 the server is not running; 4 wrong configuration.
        """;

    public static async Task<ExitCode> RunAsync(
        IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellationToken = default)
    {
        var command = CreateRoot(terminal).Parse(arguments);
        var console = new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false };
        try
        {
            var code = await command.InvokeAsync(console, cancellationToken);
            return command.Errors.Count > 0 ? ExitCode.Usage : (ExitCode)code;
        }
        catch (UsageException mistake)
        {
            return Fail(mistake, ExitCode.Usage);
        }
        catch (ConfigurationException mistake)
        {
            return Fail(mistake, ExitCode.Configuration);
        }
        catch (ServerNotRunningException failure)
        {
            return Fail(failure, ExitCode.ServerNotRunning);
        }
        catch (Exception failure) when (failure is ControlException or StoreException or TransferException or PortableException
            or IOException or UnauthorizedAccessException)
        {
            return Fail(failure, ExitCode.Failed);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }

        ExitCode Fail(Exception failure, ExitCode code)
        {
            terminal.Error.WriteLine(failure.Message);
            return code;
        }
    }

    private static RootCommand CreateRoot(Terminal terminal)
    {
        var root = new RootCommand(Description)
        {
            UserCommands.Create(terminal),
            StoreCommands.Create(terminal),
            InvitationCommands.Create(terminal),
            RosterCommands.Create(terminal),
            ArchiveCommands.Create(terminal),
            RoomCommands.Create(terminal),
            UploadCommands.Create(terminal),
            PubSubCommands.Create(terminal),
            SessionCommands.Create(terminal),
            S2sCommands.Create(terminal),
            BanCommands.Create(terminal),
            AnnounceCommand.Create(terminal),
            ServerCommands.CreateHost(terminal),
            ServerCommands.CreateStatus(terminal),
            ServerCommands.CreateReload(terminal),
            ServerCommands.CreateLog(terminal),
            CheckCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
        // Without "/?" and "/h", which are paths here.
        root.Options.OfType<HelpOption>().Single().Aliases.Clear();
        root.Options.OfType<HelpOption>().Single().Aliases.Add("-h");
        root.Add(Invocation.ConfigOption);
        root.Add(Invocation.JsonOption);
        return root;
    }
}
