using System.Text;

namespace Xmpp.Core.Precis;

/// <summary>Punycode (RFC 3492): what stands behind "xn--" in an A-label.</summary>
internal static class Punycode
{
    // RFC 3492 §5
    private const int Base = 36, TMin = 1, TMax = 26, Skew = 38, Damp = 700, InitialBias = 72, InitialN = 0x80;

    /// <summary>Decodes lower-case <paramref name="encoded"/>; false when it is not Punycode.</summary>
    public static bool TryDecode(ReadOnlySpan<Rune> encoded, List<Rune> output)
    {
        var delimiter = encoded.LastIndexOf(new Rune('-'));
        if (delimiter > 0)
            output.AddRange(encoded[..delimiter]);
        var digits = encoded[(delimiter + 1)..];

        var (n, i, bias) = (InitialN, 0, InitialBias);
        for (var position = 0; position < digits.Length;)
        {
            var (previous, weight) = (i, 1);
            for (var k = Base; ; k += Base)
            {
                if (position == digits.Length || !TryReadDigit(digits[position++], out var digit) || digit > (int.MaxValue - i) / weight)
                    return false;
                i += digit * weight;
                var threshold = Threshold(k, bias);
                if (digit < threshold)
                    break;
                if (weight > int.MaxValue / (Base - threshold))
                    return false;
                weight *= Base - threshold;
            }

            var count = output.Count + 1;
            bias = Adapt(i - previous, count, previous == 0);
            n = (int)Math.Min(n + (long)(i / count), int.MaxValue);
            i %= count;
            if (!Rune.IsValid(n))
                return false;
            output.Insert(i++, new Rune(n));
        }
        return true;
    }

    public static string Encode(ReadOnlySpan<Rune> text)
    {
        var output = new StringBuilder();
        foreach (var rune in text)
        {
            if (rune.IsAscii)
                output.Append(rune);
        }
        var handled = output.Length;
        var basic = handled;
        if (basic > 0)
            output.Append('-');

        var (n, delta, bias) = (InitialN, 0L, InitialBias);
        while (handled < text.Length)
        {
            var next = int.MaxValue;
            foreach (var rune in text)
            {
                if (rune.Value >= n)
                    next = Math.Min(next, rune.Value);
            }

            delta += (long)(next - n) * (handled + 1);
            n = next;
            foreach (var rune in text)
            {
                if (rune.Value < n)
                    delta++;
                if (rune.Value != n)
                    continue;
                AppendInteger(output, delta, bias);
                bias = Adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled++;
            }
            delta++;
            n++;
        }
        return output.ToString();
    }

    private static void AppendInteger(StringBuilder output, long value, int bias)
    {
        for (var k = Base; ; k += Base)
        {
            var threshold = Threshold(k, bias);
            if (value < threshold)
                break;
            output.Append(Digit((int)(threshold + (value - threshold) % (Base - threshold))));
            value = (value - threshold) / (Base - threshold);
        }
        output.Append(Digit((int)value));
    }

    private static int Threshold(int k, int bias) => Math.Clamp(k - bias, TMin, TMax);

    /// <summary>RFC 3492 §6.1</summary>
    private static int Adapt(long delta, int count, bool isFirst)
    {
        delta = isFirst ? delta / Damp : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base)
            delta /= Base - TMin;
        return k + (int)((Base - TMin + 1) * delta / (delta + Skew));
    }

    private static char Digit(int value) => (char)(value < 26 ? 'a' + value : '0' + value - 26);

    private static bool TryReadDigit(Rune rune, out int digit)
    {
        digit = rune.Value switch
        {
            >= 'a' and <= 'z' => rune.Value - 'a',
            >= '0' and <= '9' => rune.Value - '0' + 26,
            _ => -1,
        };
        return digit >= 0;
    }
}
