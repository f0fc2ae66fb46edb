using System.CommandLine;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl completion SHELL</c>: the script that makes a shell complete our commands, by asking us.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # In ~/.bashrc: eval "$(xmppctl completion bash)"
        _xmppctl() {
            local line="${COMP_LINE#* }" word="${COMP_LINE:0:COMP_POINT}" IFS=$'\n'
            word="${word##* }"
            COMPREPLY=($(compgen -W "$("$1" "[suggest:$((COMP_POINT - ${#COMP_LINE} + ${#line}))]" "$line" 2>/dev/null)" -- "$word"))
            # The shell replaces only what follows the "@" of an address.
            if [[ $COMP_WORDBREAKS == *@* && $word == *@* ]]; then
                COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*@}"}"}")
            fi
        }
        complete -F _xmppctl xmppctl
        """;

    private const string Zsh = """
        # In ~/.zshrc: eval "$(xmppctl completion zsh)"
        _xmppctl() {
            local line="${BUFFER#* }"
            local -a items
            items=("${(@f)$(${words[1]} "[suggest:$((CURSOR - ${#BUFFER} + ${#line}))]" "$line" 2>/dev/null)}")
            compadd -a items
        }
        compdef _xmppctl xmppctl
        """;

    private const string Fish = """
        # In ~/.config/fish/config.fish: xmppctl completion fish | source
        function __xmppctl_complete
            set --local line (string replace --regex '^\S+ ' '' -- (commandline --current-process --cut-at-cursor))
            xmppctl "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete --no-files --command xmppctl --arguments '(__xmppctl_complete)'
        """;

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print the script that makes a shell complete these commands") { shell };
        return command.WithAction(terminal, (invocation, _) =>
        {
            terminal.Out.WriteLine(invocation.Command.GetRequiredValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            });
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
