using System.Runtime.InteropServices;

namespace Xmpp.Storage.Mongo.Native;

/// <summary>What the driver wants to tell, instead of the standard error stream. It knows one recipient per process.</summary>
internal static unsafe class MongoLog
{
    // mongoc_log_level_t: error, critical, warning; then message, info, debug, trace.
    private const int Warning = 2;

    /// <summary>Raised on any thread, also the driver's own.</summary>
    public static event Action<string>? Warned;

    public static void Install() => LibMongoc.mongoc_log_set_handler(&Handle, 0);

    [UnmanagedCallersOnly]
    private static void Handle(int level, byte* domain, byte* message, nint data)
    {
        if (level > Warning || Warned is not { } warned)
            return;
        try
        {
            warned($"{Marshal.PtrToStringUTF8((nint)domain)}: {Marshal.PtrToStringUTF8((nint)message)}");
        }
        catch (Exception)
        {
            // Nothing may cross the driver's frames, and a log that fails has nobody to be told of it.
        }
    }
}
