namespace Xmpp.Core.Modules;

/// <summary>A server that turns speech into text, by the interface that OpenAI's has ("/v1/audio/transcriptions").</summary>
/// <param name="Address">Of that, whole.</param>
/// <param name="Key">By which it knows who asks; or null.</param>
/// <param name="Model">What it calls the one that is to be used.</param>
/// <param name="Language">That is spoken, as a code of ISO 639-1; null: it finds out.</param>
public sealed record SpeechEngine(Uri Address, string? Key, string Model, string? Language);

/// <summary>Asks servers that turn speech into text.</summary>
public interface ISpeechEngine
{
    /// <summary>Turns a recording into text.</summary>
    /// <param name="recording">Read to its end.</param>
    /// <param name="name">The file's, by whose ending the server knows the format.</param>
    /// <exception cref="SpeechException">It can't.</exception>
    ValueTask<string> TranscribeAsync(
        SpeechEngine engine, Stream recording, string name, TimeSpan timeout, CancellationToken cancellationToken);
}

/// <summary>Speech was not turned into text. The message says why, to whoever asked.</summary>
public sealed class SpeechException(string message) : Exception(message);
