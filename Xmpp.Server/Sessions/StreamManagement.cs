using System.Globalization;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions.Journal;

namespace Xmpp.Server.Sessions;

/// <summary>What XEP-0198 counts and keeps for a session, and writes down in its journal. Guarded by its session.</summary>
/// <param name="id">By which the stream can be resumed; null when it can't.</param>
/// <param name="resumeTime">How long the session waits without a connection.</param>
internal sealed class StreamManagement(string? id, TimeSpan resumeTime)
{
    public const string Ns = "urn:xmpp:sm:3";

    /// <summary>So many unacknowledged stanzas make the server ask; fewer wait for the next second.</summary>
    private const int AskAt = 8;

    private uint _handled;
    private uint _acknowledged;
    private bool _isAsked;

    /// <summary>Of a session from before a restart.</summary>
    public StreamManagement(SessionRecord former)
        : this(former.Id, former.ResumeTime) => (_handled, _acknowledged) = (former.Handled, former.Acknowledged);

    public string? Id => id;

    /// <summary>Where all of this is written down; null when it ends with the process.</summary>
    public JournaledSession? Journal { get; set; }

    public TimeSpan ResumeTime => resumeTime;

    /// <summary>Stanzas of the client that have been handled, modulo 2^32 (§4).</summary>
    public uint Handled => Volatile.Read(ref _handled);

    /// <summary>Stanzas sent to the client, modulo 2^32.</summary>
    public uint Sent => unchecked(_acknowledged + (uint)Unacknowledged.Count);

    public UnacknowledgedStanzas Unacknowledged { get; } = new();

    /// <summary>The <c>&lt;enabled/&gt;</c> that tells the client.</summary>
    public Element ToElement()
    {
        var element = new Element(Ns, "enabled");
        return id is null ? element : element
            .With("id", id)
            .With("resume", "true")
            .With("max", ((int)resumeTime.TotalSeconds).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A stanza of the client has been handled.</summary>
    public void CountHandled()
    {
        Volatile.Write(ref _handled, unchecked(_handled + 1));
        Journal?.Handle(_handled);
    }

    /// <summary>Keeps a stanza that is about to be sent until the client acknowledges it.</summary>
    /// <param name="sentAt">Milliseconds since 1970.</param>
    /// <param name="copies">Who else gets it; null when nobody does.</param>
    public void Add(ReadOnlySpan<byte> stanza, long sentAt, Copies? copies, StanzaOrigin origin)
    {
        var block = Journal?.Append(unchecked(Sent + 1), stanza, sentAt, Copies.KindOf(copies), origin) ?? default;
        Unacknowledged.Add(stanza, sentAt, copies, block);
    }

    /// <summary>Takes out what nobody else has: the session is over, in the journal too.</summary>
    public List<LostStanza> End()
    {
        Journal?.Remove();
        return Unacknowledged.Take(Journal);
    }

    /// <summary>Takes the client's count of stanzas that it has; false when there weren't as many.</summary>
    public bool TryAcknowledge(uint count)
    {
        var fresh = unchecked(count - _acknowledged);
        if (fresh > (uint)Unacknowledged.Count)
            return false;
        Journal?.Acknowledge(count);
        Unacknowledged.Acknowledge((int)fresh, Journal);
        (_acknowledged, _isAsked) = (count, false);
        return true;
    }

    /// <summary>Whether it is time to ask the client how far it is; after true it counts as asked.</summary>
    /// <param name="isNow">Whether one stanza is reason enough.</param>
    public bool IsToAsk(bool isNow)
    {
        if (_isAsked || Unacknowledged.Count < (isNow ? 1 : AskAt))
            return false;
        return _isAsked = true;
    }

    /// <summary>What was asked on a connection that is lost is not answered any more.</summary>
    public void ForgetAsking() => _isAsked = false;
}
