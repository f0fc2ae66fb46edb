using System.IO.Compression;
using System.Security.Cryptography;

namespace Xmpp.Modules.Tests.Avatars;

/// <summary>Real PNG files: squares of one colour.</summary>
internal static class Pictures
{
    public static byte[] Png(byte red, byte green, byte blue, int side = 64)
    {
        using var output = new MemoryStream();
        output.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var head = new byte[13];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(head, side);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), side);
        (head[8], head[9]) = (8, 2); // Eight bits of each colour
        WriteChunk(output, "IHDR"u8, head);
        var pixels = new byte[side * (1 + (3 * side))];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (i % (1 + (3 * side))) switch { 0 => 0, var x => (x % 3) switch { 1 => red, 2 => green, _ => blue } };
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(pixels);
        WriteChunk(output, "IDAT"u8, packed.ToArray());
        WriteChunk(output, "IEND"u8, []);
        return output.ToArray();
    }

#pragma warning disable CA5350 // The specifications' own.
    public static string Hash(byte[] picture) => Convert.ToHexStringLower(SHA1.HashData(picture));
#pragma warning restore CA5350

    private static void WriteChunk(MemoryStream output, ReadOnlySpan<byte> type, byte[] data)
    {
        var number = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        output.Write(number);
        byte[] content = [.. type, .. data];
        output.Write(content);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(number, Crc(content));
        output.Write(number);
    }

    private static uint Crc(byte[] content)
    {
        var crc = uint.MaxValue;
        foreach (var octet in content)
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }
        return ~crc;
    }
}
