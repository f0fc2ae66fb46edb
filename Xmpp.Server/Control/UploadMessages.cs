using Xmpp.Core;

namespace Xmpp.Server.Control;

/// <summary>Answered with an <see cref="Xmpp.Modules.Uploads.Upload"/> for each file.</summary>
/// <param name="Of">Only those of a host or an account; null for all.</param>
public sealed record ListUploadsRequest(Jid? Of) : ControlRequest;

/// <summary>Answered with one <see cref="Xmpp.Modules.Uploads.UploadTotals"/>.</summary>
/// <param name="Of">Only those of a host or an account; null for all.</param>
public sealed record CountUploadsRequest(Jid? Of) : ControlRequest;

/// <summary>Removes a file. Answered with whether there was one.</summary>
public sealed record DeleteUploadRequest(string Id) : ControlRequest;

/// <summary>Answered with what an account may have, in bytes; 0 is any amount.</summary>
public sealed record FindUploadQuotaRequest(Jid Jid) : ControlRequest;

/// <summary>Answered with whether there is such an account.</summary>
/// <param name="Bytes">0 is any amount; null: as for everybody.</param>
public sealed record SetUploadQuotaRequest(Jid Jid, long? Bytes) : ControlRequest;
