using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.S3;

/// <summary>
/// The objects of a bucket. Requests that fail are repeated a little and bounded in time; those that come to nothing throw
/// <see cref="StoreException"/>, and when that begins and ends is told.
/// </summary>
internal sealed class S3Bucket : IDisposable
{
    /// <summary>Of what is sent at least, in bytes per second.</summary>
    private const int SlowestSending = 128 * 1024;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly S3FilesOptions _options;
    private readonly HttpClient _http;
    private readonly AmazonS3Client _client;
    private readonly StoreHealth _health;
    private readonly string _location;

    public S3Bucket(S3FilesOptions options)
    {
        _options = options;
        _location = $"s3://{options.Bucket}/{options.Prefix} at {options.Endpoint?.GetLeftPart(UriPartial.Authority) ?? "Amazon"}";
        StoreHealth? health = null;
        _health = health = new(() => options.Changed?.Invoke(health!.Problem));
        _http = new(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            AllowAutoRedirect = false,
            UseCookies = false,
        })
        {
            // Each request has its own.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client = new(new BasicAWSCredentials(options.AccessKey, options.SecretKey), ConfigOf(options, _http));
    }

    public static string RegionOf(S3FilesOptions options) => options.Region ?? "us-east-1";

    /// <summary>A part of an object, to be disposed of.</summary>
    /// <param name="end">Of the first byte that isn't wanted any more.</param>
    /// <exception cref="FileNotFoundException">There is no such object, or nothing of that part.</exception>
    public async ValueTask<GetObjectResponse> GetAsync(string key, long start, long end, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _options.Bucket, Key = key, ByteRange = new(start, end - 1) };
        try
        {
            return await ReadAsync(token => _client.GetObjectAsync(request, token), cancellationToken);
        }
        catch (StoreException failure) when (IsNotThere(failure.InnerException))
        {
            throw new FileNotFoundException("There is no such object, or nothing of that part.", failure);
        }
    }

    /// <summary>Reads what comes of an object.</summary>
    public ValueTask<int> ReadAsync(Stream content, Memory<byte> buffer, CancellationToken cancellationToken) =>
        ReadAsync(token => content.ReadAsync(buffer, token).AsTask(), cancellationToken);

    /// <summary>One page of the keys that begin with the prefix, of objects that aren't empty.</summary>
    /// <param name="after">What the page before has said; null for the first one.</param>
    public async ValueTask<(IReadOnlyList<string> Keys, string? Next)> ListAsync(string? after, CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = _options.Bucket,
            Prefix = _options.Prefix,
            MaxKeys = _options.PageSize,
            ContinuationToken = after,
        };
        var page = await ReadAsync(token => _client.ListObjectsV2Async(request, token), cancellationToken);
        var found = (page.S3Objects ?? []).Where(entry => entry.Size > 0).Select(entry => entry.Key);
        return ([.. found], page.IsTruncated is true ? page.NextContinuationToken : null);
    }

    /// <summary>Makes an object of a whole file, or nothing. It isn't broken off: nobody would know which.</summary>
    public async ValueTask PutAsync(string key, FileStream content)
    {
        content.Position = 0;
        var request = new PutObjectRequest
        {
            BucketName = _options.Bucket,
            Key = key,
            InputStream = content,
            AutoCloseStream = false,
            // Signed as a whole, and sent as it is: every store takes that.
            UseChunkEncoding = false,
        };
        var patience = _options.Patience + TimeSpan.FromSeconds(content.Length / SlowestSending);
        await WriteAsync(token => _client.PutObjectAsync(request, token), patience, CancellationToken.None);
    }

    /// <summary>Removes an object, if there is one.</summary>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        await WriteAsync(token => _client.DeleteObjectAsync(_options.Bucket, key, token), _options.Patience, cancellationToken);

    public void Dispose()
    {
        _client.Dispose();
        _http.Dispose();
    }

    private async ValueTask<T> ReadAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await WithinAsync(request, _options.Patience, cancellationToken);
            _health.ReadSucceeded();
            return answer;
        }
        catch (Exception failure) when (S3Fault.Is(failure))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var fault = S3Fault.Of(failure, _options);
            // That is an answer.
            if (IsNotThere(failure))
                _health.ReadSucceeded();
            else
                _health.ReadFailed($"{_location}: {fault.Problem}.");
            throw fault.ToStoreException(_location, failure);
        }
    }

    private async ValueTask WriteAsync<T>(Func<CancellationToken, Task<T>> request, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await WithinAsync(request, patience, cancellationToken);
            _health.WriteSucceeded();
        }
        catch (Exception failure) when (S3Fault.Is(failure))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var fault = S3Fault.Of(failure, _options);
            _health.WriteFailed($"{_location}: {fault.Problem}.");
            throw fault.ToStoreException(_location, failure);
        }
    }

    private static async Task<T> WithinAsync<T>(
        Func<CancellationToken, Task<T>> request, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        return await request(deadline.Token);
    }

    private static bool IsNotThere(Exception? failure) => failure is AmazonS3Exception { ErrorCode: "NoSuchKey" or "InvalidRange" };

    private static AmazonS3Config ConfigOf(S3FilesOptions options, HttpClient http)
    {
        var config = new AmazonS3Config
        {
            // Nothing is looked up anywhere: neither on this machine nor by the network.
            DefaultConfigurationMode = DefaultConfigurationMode.Standard,
            IgnoreConfiguredEndpointUrls = true,
            ForcePathStyle = options.PathStyle,
            // Many stores don't know the newer ones. What is sent is signed.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 2,
            HttpClientFactory = new OneHttpClient(http),
        };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.GetLeftPart(UriPartial.Authority);
            config.AuthenticationRegion = RegionOf(options);
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(RegionOf(options));
        }
        return config;
    }

    private sealed class OneHttpClient(HttpClient http) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
