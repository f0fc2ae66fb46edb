using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Hosting;

/// <summary>config/xmppchat.json is the reference of the configuration: it has every key, each with a comment and its default.</summary>
public sealed partial class ConfigurationDocumentationTests
{
    private static readonly string File = FindFile();

    [Fact]
    public void Every_key_of_the_options_is_in_the_file_and_no_other() =>
        Assert.Equal(KeysOf(new ServerOptions(), "").Order(), KeysOf(Read(), "").Distinct().Order());

    [Fact]
    public void The_values_in_the_file_are_the_defaults()
    {
        var problems = new List<ConfigurationProblem>();
        var options = new ConfigurationBinder(problems).Bind(Read());

        Assert.Empty(problems);
        var changes = ConfigurationChanges.Between(new ServerOptions(), options);
        Assert.Empty(changes.Applicable.Concat(changes.NeedRestart));
    }

    [Fact]
    public void Every_key_has_a_comment_above_it()
    {
        var lines = System.IO.File.ReadAllLines(File);
        // Sections speak for themselves, as does a second listener on one line.
        var undocumented = lines.Index().Where(
            line => Value().IsMatch(line.Item) && !lines[line.Index - 1].Contains("//", StringComparison.Ordinal));

        Assert.Empty(undocumented.Select(line => line.Item.Trim()));
    }

    [Fact]
    public void The_file_is_a_valid_configuration() =>
        Assert.Empty(ConfigurationLoader.Load(File, new Dictionary<string, string>()).Problems);

    [GeneratedRegex("""^\s*"\w+": [^{]*$""")]
    private static partial Regex Value();

    private static JsonObject Read() => ConfigurationFile.Read(File, [])!;

    /// <summary>What the items of a list have that is empty by default stands in the comment above it.</summary>
    private static IEnumerable<string> KeysOf(object section, string path) => ConfigurationSchema.KeysOf(section.GetType()).SelectMany(key =>
    {
        var value = key.Value.GetValue(section);
        var below = value is IEnumerable list && value is not string ? list.Cast<object>().FirstOrDefault() : value;
        return below is not null && ConfigurationSchema.IsSection(below.GetType()) ? KeysOf(below, $"{path}{key.Key}.") : [path + key.Key];
    });

    private static IEnumerable<string> KeysOf(JsonObject section, string path) => section.SelectMany(key => key.Value switch
    {
        JsonObject below => KeysOf(below, $"{path}{key.Key}."),
        JsonArray list when list is [JsonObject, ..] => list.OfType<JsonObject>().SelectMany(item => KeysOf(item, $"{path}{key.Key}.")),
        _ => [path + key.Key],
    });

    private static string FindFile([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath("../../../config/xmppchat.json", Path.GetDirectoryName(thisFile)!);
}
