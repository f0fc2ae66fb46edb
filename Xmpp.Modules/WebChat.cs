using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Xmpp.Core.Modules;
using Xmpp.Modules.Uploads;

namespace Xmpp.Modules;

public sealed record WebChatOptions
{
    /// <summary>The directory of Converse.js's files, "dist" in its package. Without them people are told what is missing.</summary>
    public string Files { get; init; } = "web/converse";
}

/// <summary>
/// A chat in the browser: Converse.js at /chat, set up for the host by whose name it was asked for. Whoever put the files there may do so
/// while the server runs.
/// </summary>
/// <param name="rooms">What stands before a host in the domain of its rooms; null when there are none.</param>
/// <param name="isOpen">Whether everybody may make an account.</param>
public sealed class WebChat(WebChatOptions options, string? rooms, bool isOpen) : IXmppModule
{
    /// <summary>Without it the rest is nothing.</summary>
    private const string Program = "converse.min.js";

    private const string Missing =
        "The web chat is not installed here: ./run.sh gets it when there is npm. Where it is looked for, modules.webChat.files says.\n";

    /// <summary>
    /// Scripts are ours only. Pictures and what is played may be anywhere in the web, since people send each other their addresses, and
    /// files are uploaded where the host says. Converse.js makes styles as it goes, and decrypts by WebAssembly.
    /// </summary>
    private const string Policy =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
        + "img-src 'self' https: data: blob:; media-src 'self' https: data: blob:; connect-src 'self' https: wss:; manifest-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".json"] = "application/json",
        [".wasm"] = "application/wasm",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".ico"] = "image/x-icon",
        [".ttf"] = "font/ttf",
        [".mp3"] = "audio/mpeg",
        [".ogg"] = "audio/ogg",
    }.ToFrozenDictionary();

    /// <summary>Whether the files are there, now.</summary>
    public static bool IsInstalled(WebChatOptions options) => File.Exists(Path.Combine(options.Files, Program));

    public void Register(IModuleBuilder builder)
    {
        builder.HttpRoute(new("/chat", ["GET"], (request, _) =>
        {
            // Relative, as all addresses of the page: a proxy may have put something before the path.
            request.Respond(301);
            request.SetHeader("Location", "chat/");
            return default;
        }));
        builder.HttpRoute(new("/chat/", ["GET"], AnswerAsync));
    }

    private ValueTask AnswerAsync(IHttpExchange request, CancellationToken cancellationToken)
    {
        request.SetHeader("Content-Security-Policy", Policy);
        request.SetHeader("Cross-Origin-Opener-Policy", "same-origin");
        request.SetHeader("Cross-Origin-Resource-Policy", "same-origin");
        request.SetHeader("Permissions-Policy", "geolocation=(self), microphone=(self), camera=(), payment=(), usb=()");
        request.SetHeader("Referrer-Policy", "no-referrer");
        request.SetHeader("X-Frame-Options", "DENY");
        // Browsers ask whether it is still the same.
        request.SetHeader("Cache-Control", "no-cache");
        if (!IsInstalled(options))
            return WriteAsync(request, 503, "text/plain; charset=utf-8", Missing, cancellationToken);
        if (request.Path.Length == 0)
        {
            var domain = rooms is null ? null : $"{rooms}.{request.Host}";
            return WriteAsync(request, 200, "text/html; charset=utf-8", WebChatPage.Of(request.Host, domain, isOpen), cancellationToken);
        }
        if (request.Path == WebChatPage.ScriptName)
            return WriteAsync(request, 200, Types[".js"], WebChatPage.Script, cancellationToken);
        return Find(request.Path, out var type) is { } file
            ? SendAsync(request, file, type, cancellationToken)
            : WriteAsync(request, 404, "text/plain; charset=utf-8", "There is no such file.\n", cancellationToken);
    }

    /// <summary>A file that a path names: of a known kind, and with no name in it that begins with a dot.</summary>
    private FileInfo? Find(string path, out string type)
    {
        if (!Types.TryGetValue(Path.GetExtension(path), out type!)
            || path.Split('/').Any(name => name.Length == 0 || name[0] == '.' || !name.All(IsNameCharacter)))
        {
            return null;
        }
        var file = new FileInfo(Path.Combine(options.Files, path));
        return file.Exists ? file : null;
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@';

    private static async ValueTask SendAsync(IHttpExchange request, FileInfo file, string type, CancellationToken cancellationToken)
    {
        var modified = new DateTimeOffset(file.LastWriteTimeUtc);
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{file.Length:x}-{modified.Ticks:x}\"");
        request.SetHeader("ETag", tag);
        if (Preconditions.Check(request, tag, modified) is { } status)
        {
            request.Respond(status);
            return;
        }
        request.SetHeader("Content-Type", type);
        request.SetHeader("Content-Length", file.Length.ToString(CultureInfo.InvariantCulture));
        if (request.Method != "HEAD")
            await request.SendFileAsync(file.FullName, 0, file.Length, cancellationToken);
    }

    private static async ValueTask WriteAsync(
        IHttpExchange request, int status, string type, string text, CancellationToken cancellationToken)
    {
        var content = Encoding.UTF8.GetBytes(text);
        request.Respond(status);
        request.SetHeader("Content-Type", type);
        request.SetHeader("Content-Length", content.Length.ToString(CultureInfo.InvariantCulture));
        if (request.Method != "HEAD")
            await request.Response.WriteAsync(content, cancellationToken);
    }
}
