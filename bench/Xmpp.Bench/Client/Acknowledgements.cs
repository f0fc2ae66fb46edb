using System.Buffers.Text;
using System.Text;

namespace Xmpp.Bench.Client;

/// <summary>
/// A session's side of stream management (XEP-0198): it answers when it is asked, asks after every few stanzas, and knows what the server
/// has acknowledged.
/// </summary>
internal sealed class Acknowledgements(ClientStream stream)
{
    /// <summary>As clients do: not after each.</summary>
    private const int AskEvery = 4;

    private readonly byte[] _answer = new byte[64];
    private long _sent;
    private uint _received;
    private long _acknowledged;
    private int _sinceAsked;

    /// <summary>Whether the server has acknowledged all that was sent.</summary>
    public bool IsComplete => _acknowledged == _sent;

    /// <summary>Enables it on a session; stanzas are counted from then on.</summary>
    public static Acknowledgements Enable(ClientStream stream)
    {
        stream.Send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        var answer = stream.Next();
        return answer.StartsWith("<enabled", StringComparison.Ordinal)
            ? new(stream)
            : throw new BenchException($"the server does not enable stream management: {answer}");
    }

    /// <summary>Counts what was sent, and asks when it is time.</summary>
    public void Sent(int stanzas)
    {
        _sent += stanzas;
        _sinceAsked += stanzas;
        if (_sinceAsked >= AskEvery)
            Ask();
    }

    public void Ask()
    {
        _sinceAsked = 0;
        stream.Channel.Send("<r xmlns='urn:xmpp:sm:3'/>"u8);
    }

    /// <summary>Says how many stanzas have arrived, and closes the stream: nothing is left to be resumed.</summary>
    public void Close()
    {
        Answer();
        stream.Close();
    }

    /// <summary>Takes note of an element.</summary>
    /// <returns>Whether it was a stanza.</returns>
    public bool Take(ScannedElement element)
    {
        if (element.Name.SequenceEqual("r"u8))
        {
            Answer();
            return false;
        }
        if (element.Name.SequenceEqual("a"u8))
        {
            var count = element.Whole[(element.Whole.IndexOf("h='"u8) + 3)..];
            if (!Utf8Parser.TryParse(count, out _acknowledged, out _) || _acknowledged > _sent)
                throw new BenchException($"of {_sent} stanzas sent the server acknowledges {Encoding.UTF8.GetString(element.Whole)}");
            return false;
        }
        _received++;
        return true;
    }

    private void Answer()
    {
        "<a xmlns='urn:xmpp:sm:3' h='"u8.CopyTo(_answer);
        var length = "<a xmlns='urn:xmpp:sm:3' h='".Length;
        _ = Utf8Formatter.TryFormat(_received, _answer.AsSpan(length), out var digits);
        "'/>"u8.CopyTo(_answer.AsSpan(length + digits));
        stream.Channel.Send(_answer.AsSpan(0, length + digits + 3));
    }
}
