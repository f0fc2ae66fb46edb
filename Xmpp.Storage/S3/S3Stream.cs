using Amazon.S3.Model;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.S3;

/// <summary>A part of an object, read as it comes.</summary>
/// <param name="start">Where the part begins in the object.</param>
/// <param name="length">Of the part, in bytes.</param>
internal sealed class S3Stream(S3Bucket bucket, string key, long start, long length) : ContentStream(length)
{
    private GetObjectResponse? _coming;
    private long _position;

    public override long Position
    {
        get => _position;
        set
        {
            if (value == _position)
                return;
            StopComing();
            _position = value;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= Length || buffer.IsEmpty)
            return 0;
        try
        {
            return await ReadOnAsync(buffer, cancellationToken);
        }
        catch (StoreException) when (_coming is not null)
        {
            // Stores close connections, not least those of slow readers. It is gone on with where it broke off.
            StopComing();
            return await ReadOnAsync(buffer, cancellationToken);
        }
    }

    protected override void Dispose(bool disposing)
    {
        StopComing();
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadOnAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        _coming ??= await bucket.GetAsync(key, start + _position, start + Length, cancellationToken);
        var count = await bucket.ReadAsync(_coming.ResponseStream, buffer, cancellationToken);
        if (count == 0)
            throw new StoreException(StanzaErrorCondition.ResourceConstraint, "An object has less content than its store has said.");
        _position += count;
        return count;
    }

    private void StopComing()
    {
        _coming?.Dispose();
        _coming = null;
    }
}
