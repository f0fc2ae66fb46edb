using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Xmpp.Storage;

/// <summary>
/// The native libraries that this assembly calls, by the names that its imports use. They are the system's, which gets their
/// security updates with the system; which file that is, is found out at run time.
/// </summary>
internal static class SystemLibraries
{
    private static readonly ConcurrentDictionary<string, nint> Handles = new();

    // An assembly has one resolver.
    static SystemLibraries() => NativeLibrary.SetDllImportResolver(typeof(SystemLibraries).Assembly, Resolve);

    /// <summary>From here on imports of this name go to this library.</summary>
    public static void Use(string name, nint handle) => Handles[name] = handle;

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => Handles.GetValueOrDefault(name);
}
