using System.Runtime.Versioning;

// File modes and Unix sockets are tested as they are on Linux.
[assembly: UnsupportedOSPlatform("windows")]
