using Microsoft.Win32.SafeHandles;

namespace Xmpp.Storage.Mongo.Native;

/// <summary>Something of the driver's that is given back to it.</summary>
internal abstract class SafeMongoHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected abstract void Destroy(nint pointer);

    protected sealed override bool ReleaseHandle()
    {
        Destroy(handle);
        return true;
    }
}

internal sealed class SafeUri : SafeMongoHandle
{
    protected override void Destroy(nint pointer) => LibMongoc.mongoc_uri_destroy(pointer);
}

internal sealed class SafeWriteConcern : SafeMongoHandle
{
    protected override void Destroy(nint pointer) => LibMongoc.mongoc_write_concern_destroy(pointer);
}

/// <summary>Connections to all members, and the threads that watch these.</summary>
internal sealed class SafeClientPool : SafeMongoHandle
{
    /// <summary>A client, which belongs to the thread that uses it. The pool lives at least as long.</summary>
    public SafeClient Pop()
    {
        var referenced = false;
        DangerousAddRef(ref referenced);
        return new SafeClient(this, LibMongoc.mongoc_client_pool_pop(this));
    }

    protected override void Destroy(nint pointer) => LibMongoc.mongoc_client_pool_destroy(pointer);
}

internal sealed class SafeClient : SafeMongoHandle
{
    private readonly SafeClientPool? _pool;

    /// <param name="pool">Where it goes back to; null when it is of no pool.</param>
    public SafeClient(SafeClientPool? pool, nint client)
    {
        _pool = pool;
        SetHandle(client);
    }

    protected override void Destroy(nint pointer)
    {
        if (_pool is null)
        {
            LibMongoc.mongoc_client_destroy(pointer);
            return;
        }

        LibMongoc.mongoc_client_pool_push(_pool.DangerousGetHandle(), pointer);
        _pool.DangerousRelease();
    }
}

internal sealed class SafeCollection : SafeMongoHandle
{
    protected override void Destroy(nint pointer) => LibMongoc.mongoc_collection_destroy(pointer);
}

internal sealed class SafeCursor : SafeMongoHandle
{
    protected override void Destroy(nint pointer) => LibMongoc.mongoc_cursor_destroy(pointer);
}

internal sealed class SafeBulk : SafeMongoHandle
{
    protected override void Destroy(nint pointer) => LibMongoc.mongoc_bulk_operation_destroy(pointer);
}

internal sealed class SafeFindAndModify : SafeMongoHandle
{
    protected override void Destroy(nint pointer) => LibMongoc.mongoc_find_and_modify_opts_destroy(pointer);
}
