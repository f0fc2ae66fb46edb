using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Xmpp.Server.Dns;

/// <summary>libunbound 8, named as in its manual page, libunbound(3).</summary>
internal static unsafe partial class LibUnbound
{
    public const string Library = "libunbound.so.8";

    /// <summary>Whether the system has it.</summary>
    public static bool IsPresent
    {
        get
        {
            var isPresent = NativeLibrary.TryLoad(Library, out var handle);
            NativeLibrary.Free(handle);
            return isPresent;
        }
    }

    /// <summary>What to do where it is missing.</summary>
    public const string HowToInstall = "On Debian and Ubuntu: sudo apt-get install libunbound8";

    [LibraryImport(Library)]
    public static partial nint ub_ctx_create();

    [LibraryImport(Library)]
    public static partial void ub_ctx_delete(nint context);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ub_ctx_set_option(SafeUnboundHandle context, string name, string value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ub_ctx_set_fwd(SafeUnboundHandle context, string address);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ub_ctx_add_ta(SafeUnboundHandle context, string anchor);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ub_ctx_add_ta_file(SafeUnboundHandle context, string file);

    [LibraryImport(Library)]
    public static partial int ub_ctx_debugout(SafeUnboundHandle context, nint file);

    [LibraryImport(Library)]
    public static partial int ub_ctx_async(SafeUnboundHandle context, int isThread);

    [LibraryImport(Library)]
    public static partial int ub_fd(SafeUnboundHandle context);

    [LibraryImport(Library)]
    public static partial int ub_process(SafeUnboundHandle context);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ub_resolve_async(
        SafeUnboundHandle context, string name, int type, int recordClass, nint data,
        delegate* unmanaged<nint, int, UnboundResult*, void> callback, int* id);

    [LibraryImport(Library)]
    public static partial void ub_resolve_free(UnboundResult* result);

    [LibraryImport(Library)]
    private static partial nint ub_strerror(int error);

    [LibraryImport("libc")]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    public static string Describe(int error) => Marshal.PtrToStringUTF8(ub_strerror(error)) ?? "unknown error";
}

/// <summary>A ub_ctx: caches, trust anchors and queries under way.</summary>
internal sealed class SafeUnboundHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public SafeUnboundHandle()
        : base(ownsHandle: true) => SetHandle(LibUnbound.ub_ctx_create());

    protected override bool ReleaseHandle()
    {
        LibUnbound.ub_ctx_delete(handle);
        return true;
    }
}

/// <summary>struct ub_result.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct UnboundResult
{
    public nint QuestionName;
    public int QuestionType;
    public int QuestionClass;

    /// <summary>The data of each record, without compression; ends with null.</summary>
    public byte** Data;
    public int* Lengths;
    public nint CanonicalName;

    /// <summary>RCODE.</summary>
    public int Code;
    public nint Packet;
    public int PacketLength;
    public int HasData;
    public int IsNoName;
    public int IsSecure;
    public int IsBogus;
    public nint WhyBogus;
    public int WasRateLimited;
    public int TimeToLive;
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public const short Input = 1;

    public int Descriptor;
    public short Events;
    public short Returned;
}
