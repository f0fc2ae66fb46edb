using System.Text;
using Xmpp.Server.Streams;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>The elements of a stream as they stand alone.</summary>
public sealed class StreamPartsTests
{
    private const string Client = " xmlns='jabber:client'";
    private const string Stream = " xmlns:stream='http://etherx.jabber.org/streams'";

    [Theory]
    [InlineData("<a/>", $"<a{Client}/>")]
    [InlineData("<a></a>", $"<a{Client}></a>")]
    [InlineData("<a b='c'><d/></a>", $"<a{Client} b='c'><d/></a>")]
    [InlineData("<a xmlns='x'/>", "<a xmlns='x'/>")]
    [InlineData("<a  b='1'\nxmlns = \"x\"/>", "<a  b='1'\nxmlns = \"x\"/>")]
    [InlineData("<a xmlns:p='x'><p:b xmlns='y'/></a>", $"<a{Client} xmlns:p='x'><p:b xmlns='y'/></a>")]
    [InlineData("<a b=' xmlns='/>", $"<a{Client} b=' xmlns='/>")]
    [InlineData("<a b='>' c=\"'/>\"><d e='</a>'/></a>", $"<a{Client} b='>' c=\"'/>\"><d e='</a>'/></a>")]
    [InlineData("<a><![CDATA[</a><]]></a>", $"<a{Client}><![CDATA[</a><]]></a>")]
    [InlineData("<a><a><a/></a>x</a>", $"<a{Client}><a><a/></a>x</a>")]
    [InlineData("<stream:features/>", $"<stream:features{Stream}/>")]
    [InlineData("<stream:error><x xmlns='y'/></stream:error>", $"<stream:error{Stream}><x xmlns='y'/></stream:error>")]
    public void An_element_gets_the_declarations_that_it_leans_on(string element, string alone)
    {
        Assert.Equal([alone], Parts(element));
        // Among others.
        Assert.Equal([alone, $"<b{Client}/>", alone], Parts($" {element}<b/>\n{element}"));
    }

    [Fact]
    public void Headers_and_ends_are_told_apart()
    {
        var header = Encoding.UTF8.GetString(StreamParts.HeaderStart) + " id='>' version='1.0'>";

        Assert.Equal(["Header( id='>' version='1.0')", $"<a{Client}/>", "End()"], Parts($"{header}<a/></stream:stream>"));
        Assert.Empty(Parts(" "));
    }

    private static List<string> Parts(string xml)
    {
        var found = new List<string>();
        var parts = new StreamParts(Encoding.UTF8.GetBytes(xml));
        while (parts.MoveNext())
        {
            var text = Encoding.UTF8.GetString([.. parts.Head, .. parts.Declaration, .. parts.Tail]);
            found.Add(parts.Kind == StreamPartKind.Element ? text : $"{parts.Kind}({text})");
        }
        return found;
    }
}
