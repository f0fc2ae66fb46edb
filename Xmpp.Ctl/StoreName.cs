using Xmpp.Core.Storage;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Control;
using Xmpp.Server.Hosting;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;

namespace Xmpp.Ctl;

/// <summary>Stores as the command line names them, for moving what they keep.</summary>
internal static class StoreName
{
    public const string Forms =
        "sqlite or mongodb as configured, sqlite:FILE, mongodb://…, env:VARIABLE that holds one of these, or - for a line of standard input";

    private const string SqlitePrefix = "sqlite:";
    private const string VariablePrefix = "env:";

    /// <summary>Opens a store that no server uses, to read it.</summary>
    /// <param name="name">One of <see cref="Forms"/>; null is the configured one.</param>
    /// <exception cref="UsageException">It is no name, or there is no such store.</exception>
    /// <exception cref="StoreException">It can't be opened, or another process uses it.</exception>
    /// <exception cref="ControlException">A server runs, but we may not talk to it.</exception>
    public static Task<IStore> OpenSourceAsync(string? name, Invocation invocation, CancellationToken cancellationToken) =>
        OpenAsync(name, isSource: true, source: null, invocation, cancellationToken);

    /// <summary>Opens a store that no server uses, to fill it; makes it when it isn't there.</summary>
    /// <param name="source">Open already, and another one; or null.</param>
    /// <inheritdoc cref="OpenSourceAsync"/>
    public static Task<IStore> OpenTargetAsync(string? name, IStore? source, Invocation invocation, CancellationToken cancellationToken) =>
        OpenAsync(name, isSource: false, source, invocation, cancellationToken);

    /// <summary>Opens the configured store, which no server uses, to work with it.</summary>
    /// <inheritdoc cref="OpenSourceAsync" path="/exception"/>
    public static async Task<IStore> OpenWholeAsync(Invocation invocation, CancellationToken cancellationToken) =>
        await ConfiguredStore.RequireWholeAsync(await OpenTargetAsync(null, null, invocation, cancellationToken), cancellationToken);

    private static async Task<IStore> OpenAsync(
        string? name, bool isSource, IStore? source, Invocation invocation, CancellationToken cancellationToken)
    {
        if (name is not null && IsMongo(name) && name.Contains('@', StringComparison.Ordinal))
        {
            invocation.Output.Warn(
                "a password on the command line can be seen by other users and is kept in the shell's history: prefer env: or -");
        }

        var store = await OpenResolvedAsync(Resolve(name, invocation), isSource, source, invocation, cancellationToken);
        try
        {
            if (store.Status.Location == source?.Status.Location)
                throw OneStore(source);
            await RequireNoServerAsync(store, invocation.Server, cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static string Resolve(string? name, Invocation invocation) => name switch
    {
        null => invocation.Options.Store,
        "-" => invocation.Terminal.In.ReadLine()?.Trim() ?? throw new UsageException("Standard input names no store."),
        _ when name.StartsWith(VariablePrefix, StringComparison.Ordinal) =>
            Environment.GetEnvironmentVariable(name[VariablePrefix.Length..]) is { Length: > 0 } value
                ? value
                : throw new UsageException($"The environment variable {name[VariablePrefix.Length..]} names no store."),
        _ => name,
    };

    private static async Task<IStore> OpenResolvedAsync(
        string name, bool isSource, IStore? source, Invocation invocation, CancellationToken cancellationToken) => name switch
        {
            "sqlite" => OpenSqlite(invocation.Options.Sqlite.File, isSource, source),
            _ when name.StartsWith(SqlitePrefix, StringComparison.Ordinal) => OpenSqlite(name[SqlitePrefix.Length..], isSource, source),
            "mongodb" when invocation.Options.Mongodb.Uri is null => throw new UsageException("mongodb.uri isn't configured."),
            "mongodb" => await MongoStore.OpenAsync(
                ConfiguredStore.MongodbOptions(invocation.Options), cancellationToken: cancellationToken),
            _ when IsMongo(name) => await MongoStore.OpenAsync(new() { Uri = name }, cancellationToken: cancellationToken),
            _ => throw new UsageException($"A store is named by: {Forms}"),
        };

    private static bool IsMongo(string name) =>
        name.StartsWith("mongodb://", StringComparison.Ordinal) || name.StartsWith("mongodb+srv://", StringComparison.Ordinal);

    private static SqliteStore OpenSqlite(string file, bool isSource, IStore? source)
    {
        file = Path.GetFullPath(file);
        if (file == source?.Status.Location)
            throw OneStore(source);
        if (isSource && !File.Exists(file))
            throw new UsageException($"There is no file {file}");
        return SqliteStore.IsInUse(file)
            ? throw InUse($"Another process has {file} open")
            : SqliteStore.Open(file);
    }

    /// <summary>A server's writes would get lost, or come between.</summary>
    private static async Task RequireNoServerAsync(IStore store, ControlClient server, CancellationToken cancellationToken)
    {
        try
        {
            var status = await server.SendForOneAsync<ServerStatus>(new StatusRequest(), cancellationToken);
            if (status?.Store.Location == store.Status.Location)
                throw InUse($"The server, process {status.Pid}, uses {store.Status.Location}");
        }
        catch (ServerNotRunningException)
        {
            // Then it uses nothing.
        }
    }

    private static UsageException OneStore(IStore store) =>
        new($"There have to be two stores; {store.Status.Location} is source and target.");

    private static StoreException InUse(string problem) => new(
        StanzaErrorCondition.ResourceConstraint, $"{problem}: stop every server that uses it, and let none start before this is done.");
}
