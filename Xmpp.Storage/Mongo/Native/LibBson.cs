using System.Runtime.InteropServices;

namespace Xmpp.Storage.Mongo.Native;

/// <summary>How documents come to the driver and back.</summary>
internal static unsafe partial class LibBson
{
    public const string Library = "bson";

    /// <summary>Lets the document be read where it is; the memory has to stay there as long.</summary>
    [LibraryImport(Library), SuppressGCTransition]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool bson_init_static(BsonT* document, byte* data, nuint length);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial byte* bson_get_data(BsonT* document);

    [LibraryImport(Library)]
    public static partial void bson_destroy(BsonT* document);
}

/// <summary><c>bson_t</c>: aligned to 128 bytes, and apart from the length nobody's business.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct BsonT
{
    public const int Alignment = 128;

    public uint Flags;
    public uint Length;
}

/// <summary><c>bson_error_t</c>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 512)]
internal unsafe struct BsonError
{
    public uint Domain;
    public uint Code;
    public fixed byte Message[504];
}
