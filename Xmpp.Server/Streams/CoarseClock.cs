namespace Xmpp.Server.Streams;

/// <summary>Seconds since the start, advanced by a timer: for what is asked at every stanza and needs no precision.</summary>
internal sealed class CoarseClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private int _seconds;

    public int Seconds => Volatile.Read(ref _seconds);

    public void Advance() => Volatile.Write(ref _seconds, (int)time.GetElapsedTime(_start).TotalSeconds);
}
