namespace Xmpp.Core.Xml;

/// <summary>How far a part of the grammar got in the bytes that are there.</summary>
internal enum ScanStatus
{
    Done,

    /// <summary>The bytes end before it does.</summary>
    NeedMore,

    Malformed,

    /// <summary>The bytes aren't UTF-8.</summary>
    NotUtf8,
}
