using System.Globalization;
using System.Runtime.InteropServices;

namespace Xmpp.Bench.Reporting;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:d MMMM yyyy}; {Environment.ProcessorCount} processors ({ProcessorModel()}), "
        + $"Linux {Environment.OSVersion.Version}, {OperatingSystemName()}, {RuntimeInformation.FrameworkDescription}");

    private static string ProcessorModel() => Value("/proc/cpuinfo", "model name", ':');

    private static string OperatingSystemName() => Value("/etc/os-release", "PRETTY_NAME", '=').Trim('"');

    private static string Value(string file, string key, char separator) =>
        File.ReadLines(file)
            .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?
            .Split(separator, 2)[1].Trim() ?? RuntimeInformation.OSArchitecture.ToString();
}
