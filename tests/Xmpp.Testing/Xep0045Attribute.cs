namespace Xmpp.Testing;

/// <summary>
/// The sentences of XEP-0045 that a test shows to hold, as <c>tests/Xmpp.Server.Tests/Architecture/xep0045.tsv</c> numbers them:
/// "7.2.2-3" is the third MUST of section 7.2.2. <c>docs/xep0045.md</c> is made from these.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Xep0045Attribute(params string[] sentences) : Attribute
{
    public IReadOnlyList<string> Sentences { get; } = sentences;
}
