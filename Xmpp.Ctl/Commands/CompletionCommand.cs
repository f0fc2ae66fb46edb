using System.CommandLine;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl completion SHELL</c>: the script that makes a shell complete our commands, by asking us.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # In ~/.bashrc: eval "$(xmppctl completion bash)"
        _xmppctl() {
            local line="${COMP_LINE#* }" IFS=$'\n'
            local position=$((COMP_POINT - ${#COMP_LINE} + ${#line}))
            # The "@" of addresses is no word break here.
            __reassemble_comp_words_by_ref "@:" words cword 2>/dev/null || local words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
            COMPREPLY=($(compgen -W "$("$1" "[suggest:$position]" "$line" 2>/dev/null)" -- "${words[cword]}"))
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
        complete --no-files --command xmppctl --arguments '(xmppctl "[suggest]" (string replace --regex "^\S+ ?" "" -- (commandline --current-process --cut-at-cursor)) 2>/dev/null)'
        """;

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return new Command("completion", "Print the script that makes a shell complete these commands") { shell }.WithAction(terminal, (invocation, _) =>
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
