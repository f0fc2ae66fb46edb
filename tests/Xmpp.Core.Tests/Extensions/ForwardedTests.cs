using System.Buffers;
using System.Text;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class ForwardedTests
{
    private static readonly Element _message = new(Namespaces.Client, "message",
        Element.Attr("from", "juliet@capulet.lit/orchard"),
        new Element(Namespaces.Client, "body", "Yet I should kill thee with much cherishing."));

    [Fact]
    public void A_stanza_is_forwarded_as_it_is_with_the_time_it_came()
    {
        var forwarded = new Forwarded(_message, new Delay(new(2010, 7, 10, 23, 8, 25, TimeSpan.Zero)));

        var element = forwarded.ToElement();

        Assert.Equal(["delay", "message"], element.Elements.Select(child => child.Name.Local));
        Assert.Equal(_message, element.Child(Namespaces.Client, "message"));
        Assert.Equal(forwarded, Forwarded.Parse(element));
        Assert.Equal(new Forwarded(_message), Forwarded.Parse(new Forwarded(_message).ToElement()));
    }

    [Theory]
    [InlineData("<message from='juliet@capulet.lit'><body>Ay me!</body></message>")]
    [InlineData("<message xmlns='jabber:client' from='juliet@capulet.lit'><body>Ay me!</body></message>")]
    [InlineData("<message id=' xmlns=' xmlns = \"jabber:client\" />")]
    [InlineData("<message id=\" xmlns='>' \"/>")]
    [InlineData("<message><x xmlns='urn:example:x'/></message>")]
    public void Bytes_are_forwarded_as_elements_are(string message)
    {
        var received = new DateTimeOffset(2010, 7, 10, 23, 8, 25, 120, TimeSpan.Zero);
        var output = new ArrayBufferWriter<byte>();

        Forwarded.Write(output, Encoding.UTF8.GetBytes(message), received);

        Assert.Equal(
            new Forwarded(Element.Parse(message), new Delay(received)),
            Forwarded.Parse(Element.Parse(output.WrittenMemory, "urn:xmpp:mam:2")));
    }

    [Fact]
    public void There_is_exactly_one_stanza_in_it()
    {
        Assert.Null(Forwarded.Parse(null));
        Assert.Null(Forwarded.Parse(_message));
        Assert.Null(Forwarded.Parse(new Element(Forwarded.Ns, "forwarded")));
        Assert.Null(Forwarded.Parse(new Element(Forwarded.Ns, "forwarded", _message, _message)));
        Assert.Null(Forwarded.Parse(new Element(Forwarded.Ns, "forwarded", new Element(Forwarded.Ns, "message"))));
    }
}
