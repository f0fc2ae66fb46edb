using System.Text;

namespace Xmpp.Ctl;

/// <summary>What <c>xmppctl</c> reads from and writes to.</summary>
public sealed class Terminal
{
    public required TextReader In { get; init; }

    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Whether somebody sits there who can answer questions.</summary>
    public required bool IsInteractive { get; init; }

    /// <summary>Columns that a table may use; null when the output is no terminal, and so has neither width nor bold type.</summary>
    public required int? Width { get; init; }

    /// <summary>Reads a line that must not be seen, after the prompt; null when it was broken off.</summary>
    public required Func<string, string?> ReadSecret { get; init; }

    public static Terminal OfProcess() => new()
    {
        In = Console.In,
        Out = Console.Out,
        Error = Console.Error,
        IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        // A terminal that doesn't know its width says 0.
        Width = Console.IsOutputRedirected ? null : Console.WindowWidth is > 0 and var width ? width : 80,
        ReadSecret = ReadKeys,
    };

    private static string? ReadKeys(string prompt)
    {
        Console.Error.Write(prompt);
        var secret = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Console.Error.WriteLine();
                    return secret.ToString();
                case ConsoleKey.D when key.Modifiers is ConsoleModifiers.Control:
                    Console.Error.WriteLine();
                    return null;
                case ConsoleKey.Backspace:
                    secret.Length = Math.Max(0, secret.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                        secret.Append(key.KeyChar);
                    break;
            }
        }
    }
}
