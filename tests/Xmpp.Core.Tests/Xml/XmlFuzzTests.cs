using System.Globalization;
using Xmpp.Bench;
using Xunit;

namespace Xmpp.Core.Tests.Xml;

public sealed class XmlFuzzTests
{
    [Fact]
    public void The_framer_and_System_Xml_agree_on_mutated_streams()
    {
        var findings = new StringWriter(CultureInfo.InvariantCulture);

        Assert.True(XmlFuzz.Run(mutations: 200_000, seed: 6120, findings), findings.ToString());
    }
}
