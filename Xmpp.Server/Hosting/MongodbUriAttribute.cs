using Xmpp.Core.Modules;

namespace Xmpp.Server.Hosting;

/// <summary>A connection string of MongoDB, as far as can be told without its driver.</summary>
internal sealed class MongodbUriAttribute : ConfigurationRuleAttribute
{
    private static readonly string[] Schemes = ["mongodb://", "mongodb+srv://"];

    public override string Expected => "a connection string, such as \"mongodb://USER:PASSWORD@db.example.org/xmppchat\"";

    public override bool IsSecret => true;

    public override object? Read(string text) =>
        Schemes.Any(scheme => text.StartsWith(scheme, StringComparison.Ordinal) && text.Length > scheme.Length) ? text : null;
}
