using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Xmpp.Modules.Uploads;

/// <summary>How what strangers have uploaded is given to browsers: nothing of it ever runs.</summary>
internal static class ContentPolicy
{
    public const string Unknown = "application/octet-stream";

    /// <summary>No scripts, no forms, nothing from elsewhere, in no frame.</summary>
    public const string Security = "default-src 'none'; frame-ancestors 'none'; sandbox";

    /// <summary>What browsers show and don't run. SVG, XML and HTML are not among it: they are programs.</summary>
    private static readonly FrozenSet<string> Shown = new[]
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/jxl", "image/bmp",
        "audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/opus", "audio/flac", "audio/wav", "audio/x-wav", "audio/webm",
        "audio/3gpp",
        "video/mp4", "video/webm", "video/ogg", "video/quicktime", "video/3gpp", "video/x-matroska",
        "text/plain",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is told its name all the same, and only saved.</summary>
    private static readonly FrozenSet<string> Saved = new[]
    {
        "application/pdf", "application/zip", "application/gzip", "application/pgp-encrypted", "application/vnd.android.package-archive",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The type that a file is served as, and what a browser is to do with it.</summary>
    public static (string Type, string Disposition) Of(Upload upload)
    {
        var type = upload.Type?.Split(';')[0].Trim().ToLowerInvariant() ?? "";
        var isShown = Shown.Contains(type);
        var served = type == "text/plain" ? "text/plain; charset=utf-8" : isShown || Saved.Contains(type) ? type : Unknown;
        return (served, $"{(isShown ? "inline" : "attachment")}; filename*=UTF-8''{Uri.EscapeDataString(upload.Name)}");
    }

    /// <summary>Whether a text is a media type (RFC 9110 §8.3.1): it is sent on in headers.</summary>
    public static bool IsMediaType(string text)
    {
        var type = text.Split(';')[0].Trim();
        return text.Length <= 255 && text.All(c => c is >= ' ' and < '\x7F') && type.Count(c => c == '/') == 1
            && type.Split('/').All(part => part.Length > 0 && part.All(IsNameCharacter));
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$&-^_.+".Contains(c, StringComparison.Ordinal);

    /// <summary>The name of a file, without directories and what can't be seen.</summary>
    public static string NameOf(string given)
    {
        const int longest = 200;
        var last = given[(given.LastIndexOfAny(['/', '\\']) + 1)..];
        var name = new StringBuilder();
        foreach (var rune in last.EnumerateRunes())
        {
            if (!Rune.IsControl(rune) && rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not UnicodeCategory.Format)
                name.Append(rune.ToString());
        }
        var text = name.ToString().Trim();
        if (text.Length > longest)
        {
            // The ending says what it is.
            var ending = Path.GetExtension(text) is { Length: <= 20 } extension ? extension : "";
            var start = text[..(longest - ending.Length)];
            text = (char.IsHighSurrogate(start[^1]) ? start[..^1] : start) + ending;
        }
        return text is "" or "." or ".." ? "file" : text;
    }
}
