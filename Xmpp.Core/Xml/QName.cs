namespace Xmpp.Core.Xml;

/// <summary>A name as it is written: offsets of the whole and the length of its prefix, 0 for none.</summary>
internal readonly record struct QName(int Start, int Length, int PrefixLength)
{
    public int End => Start + Length;

    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> bytes) => bytes.Slice(Start, Length);

    public ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> bytes) => bytes.Slice(Start, PrefixLength);

    public ReadOnlySpan<byte> Local(ReadOnlySpan<byte> bytes) =>
        PrefixLength == 0 ? Of(bytes) : bytes[(Start + PrefixLength + 1)..End];
}
