using System.Reflection;
using System.Text.RegularExpressions;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Modules;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Architecture;

/// <summary><c>docs/xeps.md</c> says what the code declares.</summary>
public sealed partial class XepTableTests
{
    [Fact]
    public void The_table_lists_what_the_code_declares_and_nothing_else()
    {
        var declared = new[] { typeof(Jid).Assembly, typeof(Ping).Assembly, typeof(XmppServer).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetCustomAttributes<XepAttribute>())
            .Select(xep => (xep.Number, xep.Version))
            .Order();
        Assert.Equal(declared, Rows().Select(row => (row.Number, row.Version)));
    }

    [Fact]
    public void Each_row_names_the_file_that_declares_it() => Assert.All(Rows(), row =>
        Assert.Contains($"[Xep({row.Number}, \"{row.Version}\")]", Repository.Read(row.File), StringComparison.Ordinal));

    private static List<(int Number, string Version, string File)> Rows() =>
    [
        .. Row().Matches(Repository.Read("docs/xeps.md")).Select(row =>
            (int.Parse(row.Groups["number"].ValueSpan), row.Groups["version"].Value, row.Groups["file"].Value)),
    ];

    [GeneratedRegex(@"^\| (?<number>\d{4}) \| [^|]+ \| (?<version>[\d.]+) \| (?<file>\S+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
