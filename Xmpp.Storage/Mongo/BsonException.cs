namespace Xmpp.Storage.Mongo;

/// <summary>Bytes that are no BSON, or a document that doesn't hold what it should. The message quotes names, never values.</summary>
internal sealed class BsonException(string message) : Exception(message);
