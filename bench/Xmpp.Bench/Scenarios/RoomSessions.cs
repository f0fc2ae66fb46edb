using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using Xmpp.Bench.Client;

namespace Xmpp.Bench.Scenarios;

/// <summary>
/// The occupants of rooms. Seat s of room r belongs to session (r × seats + s) modulo the number of sessions; behind those come the
/// guests, who sit nowhere.
/// </summary>
internal sealed class RoomSessions : IDisposable
{
    /// <summary>How many may be on their way into rooms at once while these are filled.</summary>
    private const int EnteringAtOnce = 64;

    /// <summary>The most messages that may be under way at once.</summary>
    public const int MaximumWindow = 256;

    private readonly IReadOnlyList<ClientStream> _sessions;
    private readonly RoomSettings _settings;
    private readonly SessionLoop _loop;
    private readonly byte[] _service;
    private readonly byte[] _fill;

    // What has arrived: presences of occupants, of those who left, subjects (which end joining), answers, copies of messages.
    private long _present;
    private long _left;
    private long _subjects;
    private long _answers;
    private long _copies;

    // A message takes a place in the window, for the next one as soon as everybody has it.
    private readonly int[] _missing = new int[MaximumWindow];
    private readonly Queue<int> _free = new();
    private readonly long[][] _lastSeen;
    private long _sent;
    private long _underWay;

    public RoomSessions(Target target, IReadOnlyList<ClientStream> sessions, RoomSettings settings)
    {
        _sessions = sessions;
        _settings = settings;
        _service = Encoding.ASCII.GetBytes($"@{settings.Service}/");
        _fill = Encoding.ASCII.GetBytes(new string('x', settings.StanzaBytes));
        _lastSeen = [.. sessions.Select(_ => new long[MaximumWindow])];
        _loop = new(sessions, Take, target.Timeout);
    }

    /// <summary>Makes the rooms, and lets everybody in; returns when everybody has seen everybody.</summary>
    public void Fill()
    {
        for (var seat = 0; seat < _settings.Occupants; seat++)
        {
            for (var room = 0; room < _settings.Rooms; room++)
            {
                Send(SessionOf(room, seat), Joining(room, $"n{seat}"));
                // Who comes first makes the room, and opens it with what is the default (XEP-0045 §10.1.2).
                if (seat == 0)
                {
                    Send(SessionOf(room, seat), $"<iq type='set' id='open' to='{Room(room)}'>"
                        + "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
                }
                Await(() => _subjects, ((long)seat * _settings.Rooms) + room + 1 - EnteringAtOnce);
            }
            if (seat == 0)
                Await(() => _answers, _settings.Rooms);
        }
        Await(() => _subjects, (long)_settings.Rooms * _settings.Occupants);
        Await(() => _present, (long)_settings.Rooms * _settings.Occupants * _settings.Occupants);
    }

    /// <summary>A guest enters the first room; returns when it knows everybody and everybody knows it.</summary>
    /// <param name="guest">Guests before it are there already.</param>
    public void Enter(int guest)
    {
        var (present, subjects) = (_present, _subjects);
        Send(_settings.Sessions + guest, Joining(0, $"guest{guest}"));
        Await(() => _subjects, subjects + 1);
        Await(() => _present, present + (2 * (_settings.Occupants + guest + 1)) - 1);
    }

    /// <summary>A guest leaves the first room; returns when everybody knows. The first one to have come leaves first.</summary>
    public void Leave(int guest)
    {
        var left = _left;
        Send(_settings.Sessions + guest, $"<presence to='{Room(0)}/guest{guest}' type='unavailable'/>");
        Await(() => _left, left + _settings.Occupants + 1);
    }

    /// <summary>The occupants of all rooms in turn say something, so many at a time; returns when all has arrived.</summary>
    /// <returns>How many copies were delivered.</returns>
    public long Talk(int window, TimeSpan duration, long deliveries)
    {
        var start = Stopwatch.GetTimestamp();
        var before = _copies;
        _free.Clear();
        for (var place = 0; place < window; place++)
            _free.Enqueue(place);
        while (true)
        {
            var isOver = Stopwatch.GetElapsedTime(start) >= duration || _copies - before >= deliveries;
            while (!isOver && _free.TryDequeue(out var place))
                Say(place);
            if (_underWay == 0)
                return _copies - before;
            var underWay = _underWay;
            _loop.ReadUntil(() => _underWay < underWay, Missing);
        }
    }

    public void Dispose() => _loop.Dispose();

    private void Say(int place)
    {
        var number = ++_sent;
        var room = (int)(number % _settings.Rooms);
        var sender = SessionOf(room, (int)(number / _settings.Rooms % _settings.Occupants));
        var start = $"<message to='{Room(room)}' id='m{place:D3}-{number:D10}' type='groupchat'><body>";
        const string End = "</body></message>";
        var fill = Encoding.ASCII.GetString(_fill, 0, Math.Max(1, _settings.StanzaBytes - start.Length - End.Length));
        _missing[place] = _settings.Occupants;
        _underWay++;
        Send(sender, start + fill + End);
    }

    private void Take(int session, ScannedElement element)
    {
        if (element.IsError)
            throw new BenchException($"{_sessions[session].Jid} got {Encoding.UTF8.GetString(element.Whole)}");
        if (element.Name.SequenceEqual("presence"u8) && element.From.IndexOf(_service) >= 0)
        {
            if (element.Type.IsEmpty)
                _present++;
            else
                _left++;
        }
        else if (element.Name.SequenceEqual("message"u8))
        {
            if (element.Id is [(byte)'m', _, _, _, (byte)'-', ..] id)
                Count(session, id);
            else if (element.Whole.IndexOf("<subject"u8) >= 0)
                _subjects++;
        }
        else if (element.Id.SequenceEqual("open"u8))
        {
            _answers++;
        }
    }

    /// <summary>Each copy comes once: the messages that have one place in the window come one after the other.</summary>
    private void Count(int session, ReadOnlySpan<byte> id)
    {
        _ = Utf8Parser.TryParse(id[1..4], out int place, out _);
        _ = Utf8Parser.TryParse(id[5..], out long number, out _);
        ref var last = ref _lastSeen[session][place];
        if (number <= last)
            throw new BenchException($"{_sessions[session].Jid} got message {number} after {last}");
        last = number;
        _copies++;
        if (--_missing[place] == 0)
        {
            _underWay--;
            _free.Enqueue(place);
        }
    }

    private void Await(Func<long> count, long expected)
    {
        if (count() < expected)
            _loop.ReadUntil(() => count() >= expected, Missing);
    }

    private string Missing() => $"nothing comes any more: {_subjects} have entered, {_present} presences and {_copies} messages have arrived, "
        + $"{_underWay} messages are under way";

    private int SessionOf(int room, int seat) => (int)((((long)room * _settings.Occupants) + seat) % _settings.Sessions);

    private string Room(int number) => $"room{number}@{_settings.Service}";

    private string Joining(int room, string nick) =>
        $"<presence to='{Room(room)}/{nick}'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>";

    private void Send(int session, string stanza) => _sessions[session].Send(stanza);
}
