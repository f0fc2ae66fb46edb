using System.Text;
using System.Text.RegularExpressions;
using Xmpp.Core.Modules;

namespace Xmpp.Server.Web;

/// <summary>A bucket of an S3 store, Amazon's or any other's.</summary>
public sealed record S3Options
{
    /// <summary>Of the store; null: Amazon's, in the region.</summary>
    [S3Endpoint]
    public Uri? Endpoint { get; init; }

    /// <summary>Where the bucket is; null: the store has no regions.</summary>
    public string? Region { get; init; }

    [S3Bucket]
    public string? Bucket { get; init; }

    /// <summary>What the names of objects begin with, such as "chat/"; or null.</summary>
    public string? Prefix { get; init; }

    public string? AccessKey { get; init; }

    [Secret(1)]
    public string? SecretKey { get; init; }

    /// <summary>Whether the bucket stands in the path of addresses; else it is before the host.</summary>
    public bool PathStyle { get; init; } = true;

    // What prints the options doesn't print the secret.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Endpoint = ").Append(Endpoint).Append(", Region = ").Append(Region).Append(", Bucket = ").Append(Bucket)
            .Append(", Prefix = ").Append(Prefix).Append(", AccessKey = ").Append(AccessKey).Append(", PathStyle = ").Append(PathStyle);
        return true;
    }
}

internal sealed class S3EndpointAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "the address of a store, without a path, such as \"https://s3.example.org\"";

    public override object? Read(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.PathAndQuery == "/"
            && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0
            ? uri
            : null;
}

internal sealed partial class S3BucketAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "the name of a bucket, such as \"xmppchat-uploads\"";

    public override object? Read(string text) => Name().IsMatch(text) ? text : null;

    // Some stores let buckets have more than Amazon's does.
    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$")]
    private static partial Regex Name();
}
