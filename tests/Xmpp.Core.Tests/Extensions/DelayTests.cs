using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class DelayTests
{
    private static readonly DateTimeOffset _stamp = new(2002, 9, 10, 23, 8, 25, TimeSpan.Zero);

    [Fact]
    public void A_delay_tells_when_and_perhaps_who_and_why()
    {
        var full = new Delay(_stamp, Jid.Parse("capulet.com"), "Offline Storage");
        var bare = new Delay(_stamp);

        Assert.Equal(("capulet.com", "2002-09-10T23:08:25Z", "Offline Storage"),
            (full.ToElement()["from"], full.ToElement()["stamp"], full.ToElement().Text));
        Assert.Equal(full, Delay.Parse(full.ToElement()));
        Assert.Null(bare.ToElement()["from"]);
        Assert.Equal(bare, Delay.Parse(bare.ToElement()));
    }

    [Fact]
    public void An_element_without_a_valid_stamp_is_no_delay()
    {
        Assert.Null(Delay.Parse(null));
        Assert.Null(Delay.Parse(new Element(Delay.Ns, "delay")));
        Assert.Null(Delay.Parse(new Element(Delay.Ns, "delay", Element.Attr("stamp", "20020910T23:08:25"))));
        Assert.Null(Delay.Parse(new Element("jabber:x:delay", "delay", Element.Attr("stamp", "2002-09-10T23:08:25Z"))));
    }

    [Fact]
    public void White_space_around_the_reason_and_an_address_that_is_none_are_left_out()
    {
        var element = new Element(Delay.Ns, "delay",
            Element.Attr("from", "@"), Element.Attr("stamp", "2002-09-10T23:08:25Z"), "\n  ");

        Assert.Equal(new Delay(_stamp), Delay.Parse(element));
    }
}
