using System.CommandLine;
using System.Security.Cryptography;

namespace Xmpp.Ctl.Commands;

/// <summary>The ways to say a password: asked for twice, by standard input, generated, or on the command line.</summary>
internal sealed class PasswordOptions
{
    // No characters that look alike: people read these aloud.
    private const string Alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    // 57 characters give 5.8 bits each: 116 bits.
    private const int GeneratedLength = 20;

    private readonly Option<bool> _fromInput = new("--password-stdin") { Description = "Read it from the first line of standard input" };
    private readonly Option<bool> _generate = new("--generate") { Description = "Make a password and print it, once" };
    private readonly Option<string?> _password = new("--password")
    {
        Description = "The password; other users of this machine can see it, and the shell remembers it: prefer the others",
        HelpName = "password",
    };

    public void AddTo(Command command)
    {
        command.Add(_fromInput);
        command.Add(_generate);
        command.Add(_password);
        command.Validators.Add(result =>
        {
            var given = new Option[] { _fromInput, _generate, _password }.Count(option => result.GetResult(option) is { Implicit: false });
            if (given > 1)
                result.AddError("--password-stdin, --generate and --password exclude each other");
        });
    }

    /// <returns>The password, and whether it was made here, so that it has to be shown.</returns>
    /// <exception cref="UsageException">There is none.</exception>
    public (string Password, bool IsGenerated) Read(Invocation invocation)
    {
        var (command, terminal) = (invocation.Command, invocation.Terminal);
        if (command.GetValue(_generate))
            return (RandomNumberGenerator.GetString(Alphabet, GeneratedLength), true);
        if (command.GetValue(_fromInput))
            return (terminal.In.ReadLine() ?? throw new UsageException("Standard input has no password."), false);
        if (command.GetValue(_password) is { } password)
        {
            invocation.Output.Warn("a password on the command line can be seen by other users and is kept in the shell's history");
            return (password, false);
        }
        if (!terminal.IsInteractive)
            throw new UsageException("There is no terminal to ask for a password: use --password-stdin or --generate.");
        var first = terminal.ReadSecret("Password: ");
        var second = first is null ? null : terminal.ReadSecret("Again: ");
        if (first is null || second is null)
            throw new OperationCanceledException();
        return first == second ? (first, false) : throw new UsageException("The passwords differ.");
    }
}
