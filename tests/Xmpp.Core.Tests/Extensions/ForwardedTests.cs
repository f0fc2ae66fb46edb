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
