using System.Net.Http.Headers;
using System.Text.Json;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Speech;

/// <summary>Asks for text by HTTP.</summary>
internal sealed class SpeechClient(TimeProvider time) : ISpeechEngine
{
    // One for all: it keeps connections.
    private static readonly HttpClient Http =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = 1024 * 1024,
        };

    public async ValueTask<string> TranscribeAsync(
        SpeechEngine engine, Stream recording, string name, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, engine.Address) { Content = FormOf(engine, recording, name) };
            if (engine.Key is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", engine.Key);
            using var response = await Http.SendAsync(request, either.Token);
            if (!response.IsSuccessStatusCode)
                throw new SpeechException($"The engine that turns speech into text has refused it (status {(int)response.StatusCode}).");
            return TextOf(await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (HttpRequestException)
        {
            // What it says may name what is nobody's business.
            throw new SpeechException("The engine that turns speech into text can't be reached.");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new SpeechException("The engine that turns speech into text takes too long.");
        }
    }

    private static MultipartFormDataContent FormOf(SpeechEngine engine, Stream recording, string name)
    {
        var form = new MultipartFormDataContent
        {
            { new StreamContent(recording), "file", name },
            { new StringContent(engine.Model), "model" },
            { new StringContent("json"), "response_format" },
        };
        if (engine.Language is not null)
            form.Add(new StringContent(engine.Language), "language");
        return form;
    }

    private static string TextOf(byte[] answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            if (json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("text", out var text)
                && text.ValueKind is JsonValueKind.String)
                return text.GetString()!;
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new SpeechException("The engine that turns speech into text gave an answer that is none.");
    }
}
