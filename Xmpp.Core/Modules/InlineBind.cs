using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Does for a session that has just been bound what its client has asked for.</summary>
public delegate ValueTask InlineBindHandler(InlineBind bind, CancellationToken cancellationToken);

/// <summary>
/// A resource that is bound along with authentication (XEP-0386). What its session is sent waits until the client is told.
/// </summary>
/// <param name="session">The new session, which others can reach already.</param>
/// <param name="request">The client's <c>&lt;bind/&gt;</c>; what it asks for stands in it.</param>
public sealed class InlineBind(ISession session, Element request)
{
    private readonly List<Element> _answers = [];

    public ISession Session => session;

    public Element Request => request;

    /// <summary>What <c>&lt;bound/&gt;</c> will contain.</summary>
    public IReadOnlyList<Element> Answers => _answers;

    public void Answer(Element element) => _answers.Add(element);
}
