using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests.Extensions;

public sealed class StanzaIdTests
{
    private static readonly Jid _room = Jid.Parse("room@muc.example.com");
    private static readonly StanzaId _id = new("de305d54-75b4-431b-adb2-eb6b9e546013", _room);

    [Fact]
    public void An_id_is_found_by_who_assigned_it()
    {
        var message = Message(new StanzaId("other", Jid.Parse("juliet@example.com")).ToElement(), _id.ToElement());

        Assert.Equal(_id.Id, StanzaId.Find(message, _room));
        Assert.Equal("other", StanzaId.Find(message, Jid.Parse("juliet@example.com")));
        Assert.Null(StanzaId.Find(message, Jid.Parse("romeo@example.com")));
        Assert.Null(StanzaId.Find(Message(new Element(StanzaId.Ns, "stanza-id", Element.Attr("by", "room@muc.example.com"))), _room));
    }

    [Fact]
    public void Ids_in_somebodys_name_are_stripped_however_the_name_is_written_and_nothing_else_is()
    {
        var body = new Element(Namespaces.Client, "body", "Typical body text");
        var origin = new Element(StanzaId.Ns, "origin-id", Element.Attr("id", "mine"));
        var others = new StanzaId("other", Jid.Parse("juliet@example.com")).ToElement();
        var forged = new Element(StanzaId.Ns, "stanza-id", Element.Attr("id", "1"), Element.Attr("by", "ROOM@MUC.example.com"));
        var message = Message(Element.Attr("id", "m1"), body, forged, origin, "text", others, _id.ToElement());

        Assert.Equal(Message(Element.Attr("id", "m1"), body, origin, "text", others), StanzaId.Strip(message, _room));
        Assert.Equal("mine", StanzaId.FindOrigin(message));
    }

    [Fact]
    public void A_stanza_without_such_an_id_stays_the_same_object()
    {
        var message = Message(new Element(Namespaces.Client, "body", "x"));

        Assert.Same(message, StanzaId.Strip(message, _room));
        Assert.Null(StanzaId.FindOrigin(message));
    }

    private static Element Message(params ReadOnlySpan<object?> content) => new(Namespaces.Client, "message", content);
}
