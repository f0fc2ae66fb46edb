namespace Xmpp.Modules;

/// <summary>Those who look after the places where something was said that is reported (XEP-0377 §5).</summary>
public interface IReportsAtOrigin
{
    /// <summary>Passes a report on to them, if it is about something that was said there.</summary>
    internal ValueTask PassOnAsync(SpamReport report, CancellationToken cancellationToken);
}
