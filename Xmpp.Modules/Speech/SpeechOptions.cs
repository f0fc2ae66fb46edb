using System.Text;
using Xmpp.Core.Modules;
using Xmpp.Modules.Uploads;

namespace Xmpp.Modules.Speech;

/// <summary>Voice messages as text.</summary>
public sealed record SpeechOptions
{
    /// <summary>Of the engine, such as "http://127.0.0.1:8000/v1/audio/transcriptions"; null: there is none.</summary>
    [EngineAddress]
    public Uri? Url { get; init; }

    /// <summary>By which the engine knows this server; or null.</summary>
    [Secret(1)]
    public string? Key { get; init; }

    /// <summary>What the engine calls the one that is to be used.</summary>
    public string Model { get; init; } = "whisper-1";

    /// <summary>That people speak, such as "de"; null: the engine finds out.</summary>
    public string? Language { get; init; }

    /// <summary>By which people ask for the text of a voice message when they react with it (XEP-0444); null: by none.</summary>
    public string? Reaction { get; init; } = "📝";

    /// <summary>The largest voice message.</summary>
    [LargeBytes(1024, 1L << 30)]
    public long FileBytes { get; init; } = 25L * 1024 * 1024;

    /// <summary>How long the engine may take for one.</summary>
    [Duration("1s", "1h")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Voice messages that the engine is given at the same time.</summary>
    [Number(1, 1000)]
    public int Parallel { get; init; } = 2;

    /// <summary>Voice messages that may wait for that.</summary>
    [Number(1, 100_000)]
    public int Waiting { get; init; } = 50;

    /// <summary>Voice messages for which an account gets text.</summary>
    [Number(1, 100_000)]
    public int PerAccountPerHour { get; init; } = 60;

    /// <summary>Characters of a text; what is more is cut off.</summary>
    [Number(100, 100_000)]
    public int TextLength { get; init; } = 10_000;

    // What prints the options doesn't print secrets.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Url = ").Append(Url).Append(", Model = ").Append(Model);
        return true;
    }
}

internal sealed class EngineAddressAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "an address such as \"http://127.0.0.1:8000/v1/audio/transcriptions\"";

    public override object? Read(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 ? uri : null;
}
