using System.Text;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Tests.Xml;

/// <summary>Streams as test data, and what a framer makes of them.</summary>
internal static class Streams
{
    public const string Header =
        "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

    public const string Footer = "</stream:stream>";

    public const string Message =
        """
        <message to='romeo@localhost/r' type='chat' id='m8f3a-aaaa' xml:lang='en'><body>Hello there, how are you?</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='m8f3a-aaaa'/></message>
        """;

    /// <summary>A frame as a test compares it.</summary>
    public sealed record Frame(FrameKind Kind, string Text = "", Element? Element = null, StreamErrorCondition? Error = null);

    /// <summary>Reads a stream given in pieces of these sizes, the rest in one.</summary>
    public static List<Frame> Read(string stream, params IEnumerable<int> pieces) => Read(Encoding.UTF8.GetBytes(stream), pieces);

    /// <inheritdoc cref="Read(string, IEnumerable{int})"/>
    public static List<Frame> Read(byte[] stream, params IEnumerable<int> pieces) =>
        Read(new StanzaFramer(new FramerLimits()), stream, pieces);

    /// <inheritdoc cref="Read(string, IEnumerable{int})"/>
    public static List<Frame> Read(StanzaFramer framer, byte[] stream, params IEnumerable<int> pieces)
    {
        var frames = new List<Frame>();
        var start = 0;
        var available = 0;
        foreach (var piece in pieces.Append(int.MaxValue))
        {
            available = (int)Math.Min(stream.Length, (long)available + piece);
            while (true)
            {
                // Each time in another place: what the framer remembers of a partial frame may not depend on it.
                var input = stream.AsSpan(start, available - start).ToArray();
                var kind = framer.Read(input, out var consumed);
                if (kind == FrameKind.NeedMore)
                    break;
                var view = kind == FrameKind.Stanza ? framer.Stanza : null;
                Add(frames, new Frame(kind, Encoding.UTF8.GetString(input, 0, consumed), view?.ToElement(), framer.Error?.Condition));
                if (kind == FrameKind.Error)
                    return frames;
                start += consumed;
            }
        }
        return frames;
    }

    /// <summary>White space between stanzas is one frame in however many pieces it came.</summary>
    private static void Add(List<Frame> frames, Frame frame)
    {
        if (frame.Kind == FrameKind.Whitespace && frames is [.., { Kind: FrameKind.Whitespace } before])
            frames[^1] = before with { Text = before.Text + frame.Text };
        else
            frames.Add(frame);
    }
}
