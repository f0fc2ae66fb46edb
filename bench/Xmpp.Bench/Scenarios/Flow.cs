using System.Buffers.Text;
using Xmpp.Bench.Client;

namespace Xmpp.Bench.Scenarios;

/// <summary>
/// A numbered sequence of equal stanzas from one session: the template is sent with the number patched in, and what arrives is checked
/// against the number that is due.
/// </summary>
internal sealed class Flow
{
    /// <summary>Where the template has its number: ten digits.</summary>
    public const string NumberPlaceholder = "0000000000";

    private readonly Channel _channel;
    private readonly byte[] _template;
    private readonly int _numberOffset;
    private readonly long[] _sentAt;
    private long _due;

    /// <param name="capacity">The most stanzas that may be under way at once; a power of two.</param>
    public Flow(Channel channel, byte[] template, int capacity)
    {
        _channel = channel;
        _template = template;
        _numberOffset = template.AsSpan().IndexOf("0000000000"u8);
        _sentAt = new long[capacity];
    }

    public long Sent { get; private set; }

    /// <summary>How many have arrived.</summary>
    public long Received { get; private set; }

    /// <summary>How many of them did not have the number that was due: the one after the last.</summary>
    public long OutOfTurn { get; private set; }

    /// <summary>Whether the last one sent has arrived.</summary>
    public bool IsDrained => _due == Sent;

    public bool IsFull => Sent - _due >= _sentAt.Length;

    /// <summary>Sends <paramref name="count"/> stanzas in as few writes as <paramref name="scratch"/> allows.</summary>
    /// <param name="startedAt">The timestamp their latency counts from.</param>
    public void Send(int count, long startedAt, Span<byte> scratch)
    {
        var length = 0;
        for (; count > 0; count--)
        {
            if (scratch.Length - length < _template.Length)
            {
                _channel.Send(scratch[..length]);
                length = 0;
            }
            var stanza = scratch.Slice(length, _template.Length);
            _template.CopyTo(stanza);
            _ = Utf8Formatter.TryFormat(Sent, stanza.Slice(_numberOffset, NumberPlaceholder.Length), out _, new('D', 10));
            _sentAt[Sent++ & (_sentAt.Length - 1)] = startedAt;
            length += _template.Length;
        }
        _channel.Send(scratch[..length]);
    }

    /// <summary>Takes note of an arrived stanza.</summary>
    /// <returns>The timestamp its latency counts from.</returns>
    public long Receive(ReadOnlySpan<byte> id)
    {
        if (!Utf8Parser.TryParse(id[^NumberPlaceholder.Length..], out long number, out _) || number >= Sent)
            throw new BenchException("the server delivered a stanza that was never sent");
        if (number != _due)
            OutOfTurn++;
        _due = number + 1;
        Received++;
        return _sentAt[number & (_sentAt.Length - 1)];
    }
}
