namespace Xmpp.Storage.Transfer;

/// <summary>A store's content can't be moved: a file is damaged, a store isn't empty. The message says what to do.</summary>
public sealed class TransferException(string message, Exception? inner = null) : Exception(message, inner);
