using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Xmpp.Testing;

/// <summary>For what happens in the background, where nothing tells the test that it has happened. It looks until it has, without sleeping.</summary>
public static class Eventually
{
    /// <param name="happened">Looked at again and again.</param>
    /// <param name="meanwhile">Done each time that it has not happened.</param>
    /// <param name="text">What was waited for: by default, the expression.</param>
    /// <exception cref="TimeoutException">It doesn't happen.</exception>
    public static Task UntilAsync(
        Func<bool> happened, Action? meanwhile = null, [CallerArgumentExpression(nameof(happened))] string text = "") =>
        UntilAsync(() => Task.FromResult(happened()), meanwhile, text);

    /// <inheritdoc cref="UntilAsync(Func{bool}, Action?, string)"/>
    public static async Task UntilAsync(
        Func<Task<bool>> happened, Action? meanwhile = null, [CallerArgumentExpression(nameof(happened))] string text = "")
    {
        var since = Stopwatch.GetTimestamp();
        while (!await happened())
        {
            if (Stopwatch.GetElapsedTime(since) > TestClient.Patience)
                throw new TimeoutException($"This didn't happen: {text}");
            meanwhile?.Invoke();
            await Task.Yield();
        }
    }
}
