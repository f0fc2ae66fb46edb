using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Xmpp.Bench.Reporting;

/// <summary>What one run of a scenario measured.</summary>
/// <param name="Server">The server's name in a comparison.</param>
/// <param name="Case">The name of this scenario with these parameters in a comparison.</param>
internal sealed record Result(string Scenario, string? Server, string? Case, IReadOnlyList<Metric> Metrics)
{
    public void WriteTable(TextWriter output)
    {
        foreach (var metric in Metrics)
            output.WriteLine($"{metric.Name,-28}{metric.Value.ToString("#,0.###", CultureInfo.InvariantCulture),12} {metric.Unit}");
    }

    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ResultJson.Readable.Result);

    public static Result FromJson(string line) =>
        JsonSerializer.Deserialize(line, ResultJson.Readable.Result) ?? throw new JsonException("a result is an object");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Result))]
internal sealed partial class ResultJson : JsonSerializerContext
{
    /// <summary>Leaves characters such as µ as they are: the lines go to files and terminals, not into HTML.</summary>
    public static ResultJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
