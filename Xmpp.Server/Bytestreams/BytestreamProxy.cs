using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Sasl;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Bytestreams;

/// <summary>
/// Where the two clients of a bytestream meet (XEP-0065 §6): each connects, and names it by a hash that only the two know; once one of
/// them has activated it by XMPP, the proxy passes on what they send.
/// </summary>
internal sealed partial class BytestreamProxy(Func<BytestreamOptions> options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Meeting> _meetings = [];
    private readonly Dictionary<Jid, int> _active = [];
    private readonly Dictionary<IPAddress, int> _connected = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Listener? _listener;
    private int _connections;

    /// <param name="Wanted">As the options say.</param>
    /// <param name="Bound">With the port that the system chose for 0.</param>
    private sealed record Listener(IPEndPoint Wanted, IPEndPoint Bound, Socket Socket);

    /// <summary>Who waits for a bytestream to be activated, and then its end. Changed in the gate.</summary>
    private sealed class Meeting(string name)
    {
        private readonly TaskCompletionSource<Task> _relay = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public List<Socket> Parties { get; } = new(2);

        /// <summary>Completes when it is activated; then, the task in it at its end.</summary>
        public Task<Task> Relay => _relay.Task;

        public void Begin(Task relay) => _relay.SetResult(relay);
    }

    /// <summary>Where it listens, with the port that the system chose for 0; null when it doesn't.</summary>
    public IPEndPoint? EndPoint => _listener?.Bound;

    /// <summary>Opens or closes the listener as the options say; bytestreams are not touched.</summary>
    /// <param name="wanted">Null: there is to be none.</param>
    /// <exception cref="ListenException">It can't be opened; all is as it was.</exception>
    public void Apply(BytestreamOptions? wanted)
    {
        var endPoint = wanted is null ? null : new IPEndPoint(wanted.Address, wanted.Port);
        if (Equals(endPoint, _listener?.Wanted))
            return;
        var before = _listener?.Wanted;
        // First the old one: the new one may want the same port.
        Close();
        if (endPoint is null)
            return;
        try
        {
            Open(endPoint);
        }
        catch (ListenException) when (before is not null)
        {
            Open(before);
            throw;
        }
    }

    /// <summary>Activates a bytestream (§6.3.5).</summary>
    /// <param name="requester">Who asks for that.</param>
    /// <param name="names">The hashes by which both may have named it.</param>
    /// <returns>What stands against it, or null.</returns>
    public StanzaError? Activate(Jid requester, IEnumerable<string> names)
    {
        Meeting? meeting;
        lock (_gate)
        {
            meeting = names.Select(name => _meetings.GetValueOrDefault(name)).FirstOrDefault(found => found is not null);
            if (meeting is null)
                return StanzaError.Of(StanzaErrorCondition.ItemNotFound, "Nobody is connected for this bytestream.");
            if (meeting.Parties.Count < 2)
                return StanzaError.Of(StanzaErrorCondition.NotAllowed, "Only one of the two is connected.");
            var active = _active.GetValueOrDefault(requester.Bare);
            if (active >= options().PerAccount)
                return StanzaError.Of(StanzaErrorCondition.ResourceConstraint, "There are too many bytestreams of this account.");
            _active[requester.Bare] = active + 1;
            _meetings.Remove(meeting.Name);
        }
        meeting.Begin(RelayAsync(meeting, requester.Bare));
        return null;
    }

    /// <summary>Ends everything.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _stopping.CancelAsync();
        if (Volatile.Read(ref _connections) > 0)
            await _drained.Task;
        _stopping.Dispose();
    }

    private void Close()
    {
        var listener = _listener;
        // By this what accepts knows that it is over.
        _listener = null;
        listener?.Socket.Dispose();
    }

    private void Open(IPEndPoint endPoint)
    {
        var anyIPv6 = endPoint.Address.Equals(IPAddress.IPv6Any);
        var bound = anyIPv6 && !Socket.OSSupportsIPv6 ? new IPEndPoint(IPAddress.Any, endPoint.Port) : endPoint;
        var socket = new Socket(bound.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (bound.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(bound);
            socket.Listen();
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw ListenException.Of(bound, failure);
        }
        _listener = new Listener(endPoint, (IPEndPoint)socket.LocalEndPoint!, socket);
        _ = AcceptAllAsync(socket);
    }

    /// <summary>Accepts until the listener is closed.</summary>
    private async Task AcceptAllAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                var client = await listener.AcceptAsync(_stopping.Token);
                var network = AuthenticationThrottle.NetworkOf(((IPEndPoint)client.RemoteEndPoint!).Address);
                if (TryEnter(network))
                    _ = ServeAsync(client, network);
                else
                    client.Dispose();
            }
            catch (Exception) when (_listener?.Socket != listener)
            {
                return;
            }
            catch (SocketException failure)
            {
                // The kernel keeps what isn't accepted; connections that end make room.
                LogAcceptFailed(failure.Message);
                await Task.Delay(Pause, time, CancellationToken.None);
            }
        }
    }

    /// <summary>Whether one more may be connected, of this address or network.</summary>
    private bool TryEnter(IPAddress network)
    {
        lock (_gate)
        {
            var connected = _connected.GetValueOrDefault(network);
            if (_connections >= options().Connections || connected >= options().ConnectionsPerAddress)
                return false;
            _connected[network] = connected + 1;
            _connections++;
            return true;
        }
    }

    private async Task ServeAsync(Socket client, IPAddress network)
    {
        try
        {
            client.NoDelay = true;
            using var deadline = new CancellationTokenSource(options().ActivationTimeout, time);
            using var stopping = _stopping.Token.Register(deadline.Cancel);
            if (await Socks5Request.ReadAsync(client, deadline.Token) is not { } request)
                return;
            if (Join(request.Name.ToLowerInvariant(), client) is not { } meeting)
            {
                await request.ReplyAsync(client, Socks5Reply.NotAllowed, deadline.Token);
                return;
            }
            try
            {
                await request.ReplyAsync(client, Socks5Reply.Succeeded, deadline.Token);
                await meeting.Relay.WaitAsync(deadline.Token);
            }
            finally
            {
                // It may have been activated at the last moment.
                if (!Leave(meeting, client))
                    await await meeting.Relay;
            }
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            LogLost(failure.Message);
        }
        finally
        {
            // In this order: who sees that it ended may come again.
            Leave(network);
            client.Dispose();
        }
    }

    /// <returns>Null for what names no bytestream, and where two are already (§10.1).</returns>
    private Meeting? Join(string name, Socket client)
    {
        if (name.Length != BytestreamName.Length || !name.All(char.IsAsciiHexDigitLower))
            return null;
        lock (_gate)
        {
            if (!_meetings.TryGetValue(name, out var meeting))
                _meetings.Add(name, meeting = new Meeting(name));
            if (meeting.Parties.Count == 2)
                return null;
            meeting.Parties.Add(client);
            return meeting;
        }
    }

    /// <summary>Stops waiting.</summary>
    /// <returns>False when the bytestream has been activated.</returns>
    private bool Leave(Meeting meeting, Socket client)
    {
        lock (_gate)
        {
            if (_meetings.GetValueOrDefault(meeting.Name) != meeting)
                return false;
            meeting.Parties.Remove(client);
            if (meeting.Parties.Count == 0)
                _meetings.Remove(meeting.Name);
            return true;
        }
    }

    private void Leave(IPAddress network)
    {
        lock (_gate)
        {
            _connections--;
            CountDown(_connected, network);
            if (_connections == 0 && _stopping.IsCancellationRequested)
                _drained.TrySetResult();
        }
    }

    private static void CountDown<T>(Dictionary<T, int> counts, T key)
        where T : notnull
    {
        if (counts[key] == 1)
            counts.Remove(key);
        else
            counts[key]--;
    }

    private async Task RelayAsync(Meeting meeting, Jid account)
    {
        await new BytestreamRelay(options(), time).RunAsync(meeting.Parties[0], meeting.Parties[1], _stopping.Token);
        lock (_gate)
            CountDown(_active, account);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The proxy for bytestreams can't accept a connection: {Reason}")]
    private partial void LogAcceptFailed(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A connection to the proxy for bytestreams came to nothing: {Reason}")]
    private partial void LogLost(string reason);
}
