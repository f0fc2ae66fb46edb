using Xmpp.MongoGateway.Commands;

namespace Xmpp.MongoGateway;

/// <summary>
/// MongoDB for tests: members that speak MongoDB's protocol to clients and SQL to DocumentDB. When the engine dies they look as
/// dead as a mongod: connections break and new ones are refused until it is back.
/// </summary>
public sealed class Gateway : IAsyncDisposable
{
    private readonly GatewayOptions _options;
    private readonly Engine _engine;
    private readonly ReplicaSet _set;
    private readonly Housekeeping _housekeeping;
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    private Gateway(GatewayOptions options)
    {
        (_options, _engine, _set) = (options, new Engine(options.Engine), new ReplicaSet(options.Ports.Count, options.Election));
        var failPoints = new FailPoints();
        _housekeeping = new Housekeeping(_engine, options.TtlSeconds);
        Members = [.. options.Ports.Select((port, number) => new Member(this, number, port))];
        foreach (var member in Members)
            member.Commands = new CommandTable(options, _engine, _set, member, Members, failPoints, _housekeeping);
    }

    public IReadOnlyList<Member> Members { get; }

    /// <summary>What clients are to be given; without user and options of TLS, which are theirs to choose.</summary>
    public string ConnectionString =>
        $"mongodb://{string.Join(',', Members.Select(member => member.Address))}/"
        + (_options.ReplicaSet is { } name ? $"?replicaSet={name}" : "");

    /// <summary>The member that is the primary; null while there is none.</summary>
    public Member? Primary => _set.Current.Primary is { } number ? Members[number] : null;

    internal GatewayOptions Options => _options;

    internal ReplicaSet Set => _set;

    /// <summary>Waits until the engine answers, and listens.</summary>
    public static async Task<Gateway> StartAsync(GatewayOptions options, CancellationToken cancellation = default)
    {
        var gateway = new Gateway(options);
        try
        {
            var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            gateway._watching = gateway._engine.WatchAsync(gateway.StartMembers, gateway.BreakMembersAsync, up, gateway._stop.Token);
            await up.Task.WaitAsync(cancellation);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>The primary becomes a secondary; after <see cref="GatewayOptions.Election"/> another member is elected.</summary>
    /// <param name="period">For how long it can't become primary again.</param>
    /// <returns>False when there was no primary.</returns>
    public bool StepDown(TimeSpan? period = null) => _set.StepDown(period ?? TimeSpan.FromSeconds(10));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        foreach (var member in Members)
            await member.StopAsync();
        _set.Dispose();
        await _housekeeping.DisposeAsync();
        await _engine.DisposeAsync();
        _stop.Dispose();
    }

    private void StartMembers()
    {
        foreach (var member in Members)
            member.EngineIsBack();
    }

    private async Task BreakMembersAsync()
    {
        foreach (var member in Members)
            await member.EngineIsGoneAsync();
    }
}
