namespace Xmpp.Core.Xml;

/// <summary>Looks into the start tag of a stanza that is known to be well-formed.</summary>
public static class StanzaHead
{
    [ThreadStatic] private static StartTag? t_tag;

    /// <summary>The address in an attribute; null when there is none, or it is no address.</summary>
    /// <param name="stanza">UTF-8, from its first byte on.</param>
    /// <param name="attribute">A name without prefix.</param>
    public static Jid? FindJid(ReadOnlySpan<byte> stanza, ReadOnlySpan<byte> attribute)
    {
        var tag = t_tag ??= new StartTag();
        if (tag.Parse(stanza, 0, int.MaxValue) != ScanStatus.Done)
            return null;
        foreach (ref readonly var candidate in tag.Attributes)
        {
            if (!candidate.Name.Of(stanza).SequenceEqual(attribute))
                continue;
            var raw = candidate.Value(stanza);
            return candidate.IsPlain
                ? Jid.TryParse(raw, out var jid) ? jid : null
                : Jid.TryParse(XmlReference.ToText(raw, isPlain: false), out jid) ? jid : null;
        }
        return null;
    }
}
