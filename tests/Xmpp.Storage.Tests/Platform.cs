using System.Runtime.Versioning;

// File modes, signals and limits are tested as they are on Linux.
[assembly: UnsupportedOSPlatform("windows")]
