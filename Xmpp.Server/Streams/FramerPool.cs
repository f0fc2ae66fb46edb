using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>
/// Framers, one or two per thread: a connection between two stanzas owns none.
/// </summary>
internal static class FramerPool
{
    [ThreadStatic] private static StanzaFramer? t_spare;

    public static StanzaFramer Rent()
    {
        var framer = t_spare ?? new StanzaFramer(new FramerLimits());
        t_spare = null;
        return framer;
    }

    public static void Return(StanzaFramer framer) => t_spare = framer;
}
