using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>
/// Is told what has become of a node of an account, once that is committed and subscribers have been told. No other change of the
/// account's nodes goes on meanwhile.
/// </summary>
/// <param name="published">Items by their ids, in order; empty when some were taken away, or all, or the node.</param>
public delegate ValueTask NodeHandler(
    Jid account, IReadOnlyList<KeyValuePair<string, Element?>> published, CancellationToken cancellationToken);
