namespace Xmpp.Storage.S3;

/// <summary>Which bucket, and how it is reached. No record, since a record would print the secret key.</summary>
public sealed class S3FilesOptions
{
    /// <summary>Of the store; null: Amazon's, in the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>By whose name requests are signed; null: "us-east-1", which most stores but Amazon's take.</summary>
    public string? Region { get; init; }

    public required string Bucket { get; init; }

    /// <summary>What the names of all objects begin with.</summary>
    public string Prefix { get; init; } = "";

    public required string AccessKey { get; init; }

    /// <summary>A secret.</summary>
    public required string SecretKey { get; init; }

    /// <summary>Whether the bucket stands in the path of addresses, rather than before their host.</summary>
    public bool PathStyle { get; init; } = true;

    /// <summary>The directory of this process where files are until they are whole.</summary>
    public required string Incoming { get; init; }

    /// <summary>
    /// Told what is wrong when requests begin to fail, and null when all works again, on any thread. Must neither block nor throw.
    /// </summary>
    public Action<string?>? Changed { get; init; }

    /// <summary>Objects that are listed by one request.</summary>
    internal int PageSize { get; init; } = 1000;

    /// <summary>How long a request may take, with all its repetitions, and how long nothing may come of what is being read.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);
}
