using Xmpp.Modules.Uploads;
using Xunit;

namespace Xmpp.Modules.Tests.Uploads;

/// <summary>Nothing that somebody uploaded runs in a browser.</summary>
public sealed class ContentPolicyTests
{
    [Theory]
    [InlineData("image/png", "image/png", "inline")]
    [InlineData("Image/PNG", "image/png", "inline")]
    [InlineData("audio/ogg; codecs=opus", "audio/ogg", "inline")]
    [InlineData("text/plain; charset=utf-7", "text/plain; charset=utf-8", "inline")]
    [InlineData("application/pdf", "application/pdf", "attachment")]
    [InlineData(null, "application/octet-stream", "attachment")]
    [InlineData("text/html", "application/octet-stream", "attachment")]
    [InlineData("TEXT/HTML", "application/octet-stream", "attachment")]
    [InlineData("application/xhtml+xml", "application/octet-stream", "attachment")]
    [InlineData("image/svg+xml", "application/octet-stream", "attachment")]
    [InlineData("text/xml", "application/octet-stream", "attachment")]
    [InlineData("text/javascript", "application/octet-stream", "attachment")]
    [InlineData("application/x-shockwave-flash", "application/octet-stream", "attachment")]
    [InlineData("multipart/x-mixed-replace", "application/octet-stream", "attachment")]
    [InlineData("x", "application/octet-stream", "attachment")]
    public void What_browsers_might_run_is_only_saved(string? type, string served, string disposition)
    {
        var upload = new Upload("", "a@b", "a\"b;.png", type, 1, UploadPurpose.Message, default, null);

        Assert.Equal((served, $"{disposition}; filename*=UTF-8''a%22b%3B.png"), ContentPolicy.Of(upload));
    }

    [Theory]
    [InlineData("a.jpg", "a.jpg")]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\Users\\a.jpg", "a.jpg")]
    [InlineData("a\r\nb\0.jpg", "ab.jpg")]
    [InlineData("gpj.\u202Eexe", "gpj.exe")]
    [InlineData("..", "file")]
    [InlineData("a/", "file")]
    [InlineData(" ", "file")]
    [InlineData("très cool \u2764.jpg", "très cool \u2764.jpg")]
    public void A_name_is_a_name_only(string given, string name) => Assert.Equal(name, ContentPolicy.NameOf(given));

    [Fact]
    public void A_long_name_keeps_its_ending()
    {
        var name = ContentPolicy.NameOf(string.Concat(Enumerable.Repeat("\U0001F600", 150)) + ".jpeg");

        Assert.True(name.Length <= 200);
        Assert.EndsWith("\U0001F600.jpeg", name, StringComparison.Ordinal);
    }
}
