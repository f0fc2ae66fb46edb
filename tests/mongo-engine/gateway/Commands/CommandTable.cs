using Xmpp.MongoGateway.Authentication;
using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

internal delegate Task<BsonDocument> CommandHandler(Request request, Client client, CancellationToken closed);

/// <summary>Where a command may be carried out, and for whom.</summary>
internal enum CommandKind
{
    /// <summary>Anywhere, for everybody.</summary>
    Open,

    /// <summary>Anywhere, for who has authenticated.</summary>
    Server,

    /// <summary>On the primary, or where the client says that a secondary will do.</summary>
    Read,

    /// <summary>On the primary.</summary>
    Write,
}

/// <summary>The commands that one member knows.</summary>
internal sealed class CommandTable
{
    private readonly Dictionary<string, (CommandKind Kind, CommandHandler Handler)> _commands = [];
    private readonly GatewayOptions _options;
    private readonly ReplicaSet _set;
    private readonly Member _self;
    private readonly FailPoints _failPoints;
    private readonly Cursors _cursors;
    private readonly Transactions _transactions;

    public CommandTable(
        GatewayOptions options, Engine engine, ReplicaSet set, Member self, IReadOnlyList<Member> members, FailPoints failPoints,
        Housekeeping housekeeping)
    {
        (_options, _set, _self, _failPoints, _transactions) = (options, set, self, failPoints, new Transactions(engine));
        var statements = new Statements(engine, _transactions);
        var handshake = new Handshake(options, set, self, members);
        var writes = new Writes(statements);
        var catalogue = new Catalogue(statements);
        _cursors = new Cursors(statements);

        Add(CommandKind.Open, handshake.HelloAsync, "hello", "isMaster", "ismaster");
        Add(CommandKind.Open, _ => Handshake.BuildInfo(), "buildInfo", "buildinfo");
        Add(CommandKind.Open, (request, client) => handshake.Start(request.Body, client), "saslStart");
        Add(CommandKind.Open, (request, client) => Handshake.Continue(request.Body, client), "saslContinue");
        Add(CommandKind.Open, (request, client) => handshake.Authenticate(request.Body, client), "authenticate");
        Add(CommandKind.Open, (_, client) => LogOut(client), "logout");
        Add(CommandKind.Open, _ => new BsonBuilder().ToReply(), "ping");
        Add(CommandKind.Open, _transactions.EndSessionsAsync, "endSessions", "killSessions");
        Add(CommandKind.Server, _ => new BsonBuilder().ToReply(), "refreshSessions");
        Add(CommandKind.Server, failPoints.Configure, "configureFailPoint");
        Add(CommandKind.Server, request => SetParameter(request, housekeeping), "setParameter");
        Add(CommandKind.Server, StepDown, "replSetStepDown");

        Add(CommandKind.Write, writes.WriteAsync, "insert", "update", "delete");
        Add(CommandKind.Write, writes.FindAndModifyAsync, "findAndModify", "findandmodify");
        Add(CommandKind.Write, _transactions.CommitAsync, "commitTransaction");
        Add(CommandKind.Write, _transactions.AbortAsync, "abortTransaction");

        Add(CommandKind.Read, request => _cursors.OpenAsync(request, "find_cursor_first_page"), "find");
        Add(CommandKind.Read, request => _cursors.OpenAsync(request, "aggregate_cursor_first_page"), "aggregate");
        Add(CommandKind.Read, request => _cursors.OpenAsync(request, "list_collections_cursor_first_page"), "listCollections");
        Add(CommandKind.Read, request => _cursors.OpenAsync(request, "list_indexes_cursor_first_page"), "listIndexes");
        Add(CommandKind.Server, _cursors.ContinueAsync, "getMore");
        Add(CommandKind.Server, _cursors.KillAsync, "killCursors");
        Add(CommandKind.Read, request => QueryAsync(statements, request, "count_query"), "count");
        Add(CommandKind.Read, request => QueryAsync(statements, request, "distinct_query"), "distinct");

        Add(CommandKind.Write, catalogue.CreateAsync, "create");
        Add(CommandKind.Write, catalogue.CreateIndexesAsync, "createIndexes");
        Add(CommandKind.Write, catalogue.DropIndexesAsync, "dropIndexes");
        Add(CommandKind.Write, catalogue.ModifyAsync, "collMod");
        Add(CommandKind.Write, catalogue.DropAsync, "drop");
        Add(CommandKind.Write, catalogue.DropDatabaseAsync, "dropDatabase");
        Add(CommandKind.Write, catalogue.RenameAsync, "renameCollection");
        Add(CommandKind.Read, catalogue.ListDatabasesAsync, "listDatabases");
        Add(CommandKind.Read, catalogue.CollectionStatisticsAsync, "collStats");
        Add(CommandKind.Read, catalogue.DatabaseStatisticsAsync, "dbStats");
    }

    /// <summary>Carries out a command.</summary>
    /// <exception cref="ConnectionLostException">The client gets no reply.</exception>
    public async Task<BsonDocument> RunAsync(Request request, Client client, CancellationToken closed)
    {
        FailPoint? point = null;
        try
        {
            if (!_commands.TryGetValue(request.Name, out var command))
                throw new MongoException(MongoError.CommandNotFound, $"no such command: '{request.Name}'");
            if (command.Kind != CommandKind.Open && _options.RequiresAuthentication && client.User is null)
                throw new MongoException(MongoError.Unauthorized, $"Command {request.Name} requires authentication");
            if (request.Name != "configureFailPoint")
                point = _failPoints.Take(FailPoint.FailCommand, request.Name, client.Application);
            if (point is not null)
                await FailAsync(point, closed);
            return await RunAsync(request, client, command, point, closed);
        }
        catch (MongoException error)
        {
            var reply = error.ToReply(point?.Error == error.Error && point.Labels is { } labels ? labels : Labels(request, error.Error));
            // A client that knows this topology already need not look for another primary.
            if (_options.TellsChanges && MongoException.IsRetryable(error.Error))
                reply.Add("topologyVersion", _set.VersionOf(_set.Current));
            return reply.ToDocument();
        }
        catch (EngineLostException)
        {
            throw new ConnectionLostException();
        }
        catch (Exception error) when (error is not (ConnectionLostException or OperationCanceledException))
        {
            await Console.Error.WriteLineAsync($"{request.Name}: {error}");
            return new MongoException(MongoError.InternalError, error.Message).ToReply([]).ToDocument();
        }
    }

    /// <summary>Forgets what a server that dies forgets.</summary>
    public Task ForgetAsync()
    {
        _cursors.Clear();
        return _transactions.AbortAllAsync();
    }

    private async Task<BsonDocument> RunAsync(
        Request request, Client client, (CommandKind, CommandHandler) command, FailPoint? point, CancellationToken closed)
    {
        var (kind, handler) = command;
        var before = _set.Current;
        if (kind == CommandKind.Write && before.Primary != _self.Number)
            throw new MongoException(MongoError.NotWritablePrimary, "not primary");
        if (kind == CommandKind.Read && before.Primary != _self.Number && !AcceptsSecondary(request))
            throw new MongoException(MongoError.NotPrimaryNoSecondaryOk, "not primary and secondaryOk=false");
        if (_options.ReplicaSet is null && request.TransactionNumber is not null)
            throw new MongoException(MongoError.IllegalOperation, "Transaction numbers are only allowed on a replica set member or mongos");
        var reply = await handler(request, client, closed);
        if (kind != CommandKind.Write)
            return reply;
        if (request.IsInTransaction && reply["writeErrors"] is not null)
            await _transactions.FailAsync(request);
        if (request.TransactionNumber is not null && _failPoints.Take(FailPoint.AfterWrite, request.Name, client.Application) is not null)
            throw new ConnectionLostException();
        // The write has happened, but its client learns only that it may not have.
        if (_set.Current is var after && (after.Primary != _self.Number || after.Term != before.Term))
            throw new MongoException(MongoError.InterruptedDueToReplStateChange, "operation was interrupted");
        if (point?.WriteConcernError is { } failure)
            return WriteConcern.AddError(reply, failure);
        return WriteConcern.Satisfy(request, reply, _set.Members);
    }

    private static async Task FailAsync(FailPoint point, CancellationToken closed)
    {
        if (point.Delay > TimeSpan.Zero)
            await Task.Delay(point.Delay, closed);
        if (point.ClosesConnection)
            throw new ConnectionLostException();
        if (point.Error is { } error)
            throw new MongoException(error, "Failing command via 'failCommand' failpoint");
    }

    private static bool AcceptsSecondary(Request request) =>
        request.Body["$readPreference"]?.Document["mode"]?.Text is { } mode && mode != "primary";

    private static List<string> Labels(Request request, MongoError error)
    {
        var isEnd = request.Name is "commitTransaction" or "abortTransaction";
        if (request.IsInTransaction && !isEnd)
            return MongoException.IsTransient(error) ? [MongoException.TransientTransaction] : [];
        if (request.TransactionNumber is not null && MongoException.IsRetryable(error))
            return [MongoException.RetryableWrite];
        return isEnd && MongoException.IsTransient(error) ? [MongoException.TransientTransaction] : [];
    }

    private static Task<BsonDocument> QueryAsync(Statements statements, Request request, string function) => statements.DocumentAsync(
        request,
        $"SELECT document::bytea FROM documentdb_api.{function}($1, $2{Statements.AsBson})",
        Engine.Parameter(request.Database), Engine.Parameter(request.Body));

    private static BsonDocument SetParameter(Request request, Housekeeping housekeeping)
    {
        if (request.Body["ttlMonitorSleepSecs"] is not { IsNumber: true, Number: >= 0 } seconds)
            throw new MongoException(MongoError.InvalidOptions, "the only parameter is ttlMonitorSleepSecs");
        var before = housekeeping.TtlSeconds;
        housekeeping.TtlSeconds = (int)seconds.Number;
        return new BsonBuilder().Add("was", before).ToReply();
    }

    private BsonDocument StepDown(Request request)
    {
        if (_set.Current.Primary != _self.Number || !_set.StepDown(TimeSpan.FromSeconds(request.Argument.Number)))
            throw new MongoException(MongoError.NotWritablePrimary, "not primary so can't step down");
        return new BsonBuilder().ToReply();
    }

    private static BsonDocument LogOut(Client client)
    {
        client.User = null;
        return new BsonBuilder().ToReply();
    }

    private void Add(CommandKind kind, CommandHandler handler, params IEnumerable<string> names)
    {
        foreach (var name in names)
            _commands.Add(name, (kind, handler));
    }

    private void Add(CommandKind kind, Func<Request, Task<BsonDocument>> handler, params IEnumerable<string> names) =>
        Add(kind, (request, _, _) => handler(request), names);

    private void Add(CommandKind kind, Func<Request, BsonDocument> handler, params IEnumerable<string> names) =>
        Add(kind, (request, _, _) => Task.FromResult(handler(request)), names);

    private void Add(CommandKind kind, Func<Request, Client, BsonDocument> handler, params IEnumerable<string> names) =>
        Add(kind, (request, client, _) => Task.FromResult(handler(request, client)), names);
}
