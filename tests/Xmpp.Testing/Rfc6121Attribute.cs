namespace Xmpp.Testing;

/// <summary>
/// The sentences of RFC 6121 that a test shows to hold, as <c>tests/Xmpp.Server.Tests/Architecture/rfc6121.tsv</c> numbers them:
/// "2.3.2-3" is the third MUST of section 2.3.2. <c>docs/rfc6121.md</c> is made from these.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Rfc6121Attribute(params string[] sentences) : Attribute
{
    public IReadOnlyList<string> Sentences { get; } = sentences;
}
