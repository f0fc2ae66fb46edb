namespace Xmpp.Modules.Portability;

/// <summary>A document is not one of XEP-0227, or can't be taken; the message says where.</summary>
public sealed class PortableException(string message, Exception? inner = null) : Exception(message, inner);
