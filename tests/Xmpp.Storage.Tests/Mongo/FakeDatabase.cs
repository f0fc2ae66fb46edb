using System.Threading.Channels;
using Xmpp.Storage.Mongo;
using Xunit;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>What the members of a fake replica set share: documents, and who is primary. It is there to see what arrived.</summary>
internal sealed class FakeDatabase
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<BsonDocument>> _collections = [];
    private readonly Dictionary<string, BsonDocument> _retryable = [];
    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The address of the primary; null: there is none. Ignored without a <see cref="SetName"/>.</summary>
    public string? Primary { get; set; }

    public string? SetName { get; init; }

    /// <summary>Completes when a member was asked next who is primary, and nobody was.</summary>
    public ValueTask<bool> AskedAsync() => _asked.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public void Ask()
    {
        if (Primary is null)
            _asked.Writer.TryWrite(true);
    }

    public List<string> Members { get; } = [];

    public BsonDocument[] Documents(string collection)
    {
        lock (_gate)
            return [.. List(collection)];
    }

    /// <summary>Executes the command unless it was before, in which case its reply is the same again.</summary>
    public BsonDocument Execute(FakeCommand command)
    {
        lock (_gate)
        {
            if (command.RetryKey is not { } key)
                return Dispatch(command);
            return _retryable.TryGetValue(key, out var before) ? before : _retryable[key] = Dispatch(command);
        }
    }

    private BsonDocument Dispatch(FakeCommand command) => command.Name switch
    {
        "insert" => Insert(command),
        "delete" => Delete(command),
        "find" => Find(command),
        "ping" or "endSessions" => Ok(_ => { }),
        _ => FakeReply.Error(59, $"no such command: {command.Name}"),
    };

    private BsonDocument Insert(FakeCommand command)
    {
        var list = List(command.Collection);
        var (inserted, index) = (0, 0);
        foreach (var document in command.Documents)
        {
            if (list.Any(other => Id(other).SequenceEqual(Id(document))))
            {
                return Ok(reply => reply.Int32("n", inserted).BeginArray("writeErrors").Begin().Int32("index", index).Int32("code", 11000)
                    .String("errmsg", "E11000 duplicate key error").End().End());
            }

            list.Add(document);
            (inserted, index) = (inserted + 1, index + 1);
        }

        return Ok(reply => reply.Int32("n", inserted));
    }

    private BsonDocument Delete(FakeCommand command)
    {
        var filter = command.Documents[0].Read();
        var wanted = BsonDocument.Copy(filter.Get("q"u8).Document.Bytes);
        return Ok(reply => reply.Int32("n", List(command.Collection).RemoveAll(document => Id(document).SequenceEqual(Id(wanted)))));
    }

    private BsonDocument Find(FakeCommand command)
    {
        var found = List(command.Collection);
        return Ok(reply =>
        {
            reply.Begin("cursor").Int64("id", 0).String("ns", $"{command.Database}.{command.Collection}").BeginArray("firstBatch");
            foreach (var document in found)
                reply.Document(document);
            reply.End().End();
        });
    }

    private List<BsonDocument> List(string collection)
    {
        if (!_collections.TryGetValue(collection, out var list))
            _collections.Add(collection, list = []);
        return list;
    }

    private static BsonDocument Ok(Action<BsonWriter> write) => FakeReply.Ok(write);

    private static ReadOnlySpan<byte> Id(BsonDocument document) => document.Read().Get("_id"u8).RawValue;
}

internal static class FakeReply
{
    public static BsonDocument Ok(Action<BsonWriter> write) => BsonDocument.Build(reply =>
    {
        write(reply);
        reply.Double("ok", 1);
    });

    public static BsonDocument Error(int code, string message, string? label = null) => BsonDocument.Build(reply =>
    {
        reply.Double("ok", 0).Int32("code", code).String("errmsg", message);
        if (label is not null)
            reply.Strings("errorLabels", [label]);
    });
}
