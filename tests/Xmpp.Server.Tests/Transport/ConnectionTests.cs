using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

/// <summary>What every connection does, whatever protects its bytes. A subclass for each way of protecting them.</summary>
[Collection(TransportCollection.Name)]
public abstract class ConnectionTests
{
    protected const int Timeout = 60_000;

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly byte[] Message = Encoding.UTF8.GetBytes(
        "<message to='juliet@example.org' type='chat'><body>" + new string('x', 150) + "</body></message>");

    /// <summary>Protects the server's end. Nothing for plain connections.</summary>
    protected abstract ValueTask SecureAsync(SocketConnection server);

    /// <summary>Protects the client's end; the stream owns the socket.</summary>
    protected abstract Task<Stream> SecureAsync(Socket client);

    [Fact(Timeout = Timeout)]
    public async Task Bytes_come_back_however_they_are_cut()
    {
        await using var harness = new TransportHarness(secure: SecureAsync, run: TransportHarness.EchoAsync);
        await using var client = (await ConnectAsync(harness)).Client;
        var answer = new byte[Message.Length];
        for (var cut = 1; cut < Message.Length; cut++)
        {
            await client.WriteAsync(Message.AsMemory(..cut), Stop);
            await client.WriteAsync(Message.AsMemory(cut..), Stop);
            Array.Clear(answer);
            await client.ReadExactlyAsync(answer, Stop);
            Assert.Equal(Message, answer);
        }
    }

    [Fact(Timeout = Timeout)]
    public async Task What_the_reader_leaves_is_given_again_with_what_follows()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        for (var length = 1; length <= Message.Length; length++)
        {
            await client.WriteAsync(Message.AsMemory(length - 1, 1), Stop);
            var given = await server.ReadAsync();
            Assert.Equal(Message[..length], given.ToArray());
            server.Advance(length == Message.Length ? length : 0);
        }
        await client.WriteAsync("tail"u8.ToArray(), Stop);
        var rest = await server.ReadAsync();
        Assert.Equal("tail"u8.ToArray(), rest.ToArray());
        server.Advance(rest.Length);
    }

    [Fact(Timeout = Timeout)]
    public async Task Large_transfers_run_both_ways_at_once()
    {
        await using var harness = new TransportHarness(
            new() { MaxOutputBytes = 64 * 1024 * 1024 }, SecureAsync, TransportHarness.EchoAsync);
        await using var client = (await ConnectAsync(harness)).Client;
        var sent = RandomNumberGenerator.GetBytes(8 * 1024 * 1024);
        var received = new byte[sent.Length];

        var writing = client.WriteAsync(sent, Stop).AsTask();
        await client.ReadExactlyAsync(received, Stop);
        await writing;

        Assert.True(received.AsSpan().SequenceEqual(sent));
    }

    [Fact(Timeout = Timeout)]
    public async Task Two_hundred_connections_echo_in_parallel()
    {
        await using var harness = new TransportHarness(secure: SecureAsync, run: TransportHarness.EchoAsync);
        var clients = new List<Stream>();
        for (var i = 0; i < 200; i++)
            clients.Add((await ConnectAsync(harness)).Client);

        await Task.WhenAll(clients.Select(async (client, number) =>
        {
            var answer = new byte[Message.Length];
            for (var round = 0; round < 10; round++)
            {
                var message = Message.ToArray();
                message[0] = (byte)number;
                message[1] = (byte)round;
                await client.WriteAsync(message, Stop);
                await client.ReadExactlyAsync(answer, Stop);
                Assert.Equal(message, answer);
            }
        }));

        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact(Timeout = Timeout)]
    public async Task A_peer_that_does_not_read_is_aborted_at_the_limit_while_others_go_on()
    {
        await using var harness = new TransportHarness(new() { MaxOutputBytes = 256 * 1024 }, SecureAsync);
        var (slowClient, slow) = await ConnectAsync(harness);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = slowClient;
        await using var __ = client;
        var reading = slow.ReadAsync();
        var before = SlabPool.Outstanding;

        var chunk = new byte[16 * 1024];
        var written = 0;
        while (slow.Write(chunk))
        {
            slow.Flush();
            // The kernel holds some megabytes before ours fill.
            Assert.True((written += chunk.Length) < 512 * 1024 * 1024);
        }

        Assert.False(slow.Write("x"u8));
        Assert.Contains("does not read", slow.AbortReason, StringComparison.Ordinal);
        Assert.True((await reading).IsEmpty);
        await slow.Finished;
        Assert.Equal(before, SlabPool.Outstanding);
        Assert.True(server.Write(Message));
        server.Flush();
        var answer = new byte[Message.Length];
        await client.ReadExactlyAsync(answer, Stop);
        Assert.Equal(Message, answer);
        Assert.Null(server.AbortReason);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_reader_that_consumes_nothing_is_aborted_at_its_limit()
    {
        await using var harness = new TransportHarness(new() { MaxInputBytes = 100_000 }, SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        var writing = client.WriteAsync(new byte[1_000_000], Stop).AsTask();

        var most = 0;
        while (await server.ReadAsync() is { IsEmpty: false } bytes)
        {
            most = bytes.Length;
            server.Advance(0);
        }

        Assert.InRange(most, 100_000, 100_000 + 64 * 1024);
        Assert.Contains("unconsumed", server.AbortReason, StringComparison.Ordinal);
        await Record.ExceptionAsync(() => writing);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_peer_that_has_finished_sending_still_gets_its_answer()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        await client.WriteAsync(Message, Stop);
        await FinishSendingAsync(client);

        var received = 0;
        while (await server.ReadAsync() is { IsEmpty: false } bytes)
        {
            received += bytes.Length;
            server.Advance(bytes.Length);
        }
        Assert.Equal(Message.Length, received);
        Assert.True((await server.ReadAsync()).IsEmpty);
        Assert.True(server.Write("late answer"u8));
        server.Close();

        Assert.Equal("late answer"u8.ToArray(), await ReadToEndAsync(client));
        await client.DisposeAsync();
        await server.Finished;
        Assert.Null(server.AbortReason);
    }

    [Fact(Timeout = Timeout)]
    public async Task Close_drains_the_output_before_it_ends_the_connection()
    {
        await using var harness = new TransportHarness(new() { MaxOutputBytes = 64 * 1024 * 1024 }, SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        var output = RandomNumberGenerator.GetBytes(16 * 1024 * 1024);
        var reading = server.ReadAsync();

        Assert.True(server.Write(output));
        server.Close();

        Assert.False(server.Write("too late"u8));
        Assert.True((await reading).IsEmpty);
        Assert.True((await ReadToEndAsync(client)).AsSpan().SequenceEqual(output));
        await client.DisposeAsync();
        await server.Finished;
        Assert.Null(server.AbortReason);
    }

    [Fact(Timeout = Timeout)]
    public async Task Input_behind_a_close_is_thrown_away_up_to_a_limit()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        server.Close();

        var chunk = new byte[64 * 1024];
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            for (var i = 0; i < 1000; i++)
                await client.WriteAsync(chunk, Stop);
        });

        await server.Finished;
        Assert.Contains("goes on sending", server.AbortReason, StringComparison.Ordinal);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_peer_that_does_not_close_in_time_is_dropped()
    {
        var time = new ManualTime();
        await using var harness = new TransportHarness(new() { CloseGrace = TimeSpan.FromSeconds(5), TimeProvider = time }, SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;

        server.Close();
        await ReadToEndAsync(client);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(server.Finished.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        await server.Finished;
        Assert.Contains("did not close in time", server.AbortReason, StringComparison.Ordinal);
    }

    [Fact(Timeout = Timeout)]
    public async Task Abort_ends_a_pending_read_and_drops_the_peer()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        var reading = server.ReadAsync();
        Assert.False(reading.IsCompleted);

        server.Abort("kicked");
        server.Abort("twice");

        Assert.True((await reading).IsEmpty);
        Assert.True((await server.ReadAsync()).IsEmpty);
        Assert.Equal("kicked", server.AbortReason);
        await server.Finished;
        await Assert.ThrowsAnyAsync<IOException>(async () => await client.ReadExactlyAsync(new byte[1], Stop));
    }

    [Fact(Timeout = Timeout)]
    public async Task Bytes_given_to_the_reader_stay_as_they_are_after_an_abort()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var (client, server) = await ConnectAsync(harness);
        await using var _ = client;
        var before = SlabPool.Outstanding;
        await client.WriteAsync(Message, Stop);
        var given = await server.ReadAsync();

        server.Abort("kicked");
        // Whoever rents now must not get the reader's bytes.
        var others = Enumerable.Range(0, 64).Select(_ => SlabPool.Rent(given.Length)).ToList();
        others.ForEach(array => array.AsSpan().Clear());
        Assert.Equal(Message[..given.Length], given.ToArray());
        others.ForEach(SlabPool.Return);

        server.Advance(given.Length);
        Assert.Equal(before, SlabPool.Outstanding);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_peer_that_resets_the_connection_ends_the_read_with_a_reason()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var socket = default(Socket);
        var (_, server) = await harness.ConnectAsync(client => SecureAsync(socket = client));
        var reading = server.ReadAsync();

        socket!.Close(0);

        Assert.True((await reading).IsEmpty);
        Assert.Equal("connection reset by the peer", server.AbortReason);
        await server.Finished;
    }

    [Fact(Timeout = Timeout)]
    public async Task No_buffer_is_out_while_connections_are_idle_nor_after_they_ended()
    {
        var before = SlabPool.Outstanding;
        await using (var harness = new TransportHarness(secure: SecureAsync, run: TransportHarness.EchoAsync))
        {
            var clients = new List<Stream>();
            for (var i = 0; i < 20; i++)
                clients.Add((await ConnectAsync(harness)).Client);
            foreach (var client in clients)
            {
                await client.WriteAsync(Message, Stop);
                await client.ReadExactlyAsync(new byte[Message.Length], Stop);
            }
            // The echo came before its reader went back to waiting; the next round finds it there.
            Assert.True(SpinWait.SpinUntil(() => SlabPool.Outstanding == before, Timeout));
            foreach (var client in clients)
                await client.DisposeAsync();
        }
        Assert.Equal(before, SlabPool.Outstanding);
    }

    [Fact(Timeout = Timeout)]
    public async Task Connections_ended_from_both_sides_at_any_moment_leave_nothing_behind()
    {
        const int connections = 150;
        var before = SlabPool.Outstanding;
        var random = new Random(4711);
        await using (var harness = new TransportHarness(secure: SecureAsync, run: TransportHarness.EchoAsync))
        {
            for (var i = 0; i < connections; i++)
            {
                var (client, server) = await ConnectAsync(harness);
                var (end, patience) = (random.Next(4), random.Next(2000));
                var chatting = Task.Run(async () =>
                {
                    var answer = new byte[64 * 1024];
                    while (await client.ReadAsync(answer, Stop) > 0)
                        await client.WriteAsync(answer.AsMemory(..Message.Length), Stop);
                }, Stop);
                var writing = Task.Run(() =>
                {
                    // Somebody else writes as well, until the connection is gone.
                    while (server.Write(Message))
                    {
                        server.Flush();
                        Thread.SpinWait(patience);
                        if (--patience < 0)
                            break;
                    }
                }, Stop);
                Thread.SpinWait(random.Next(50_000));
                if (end == 0)
                    server.Abort("kicked");
                else if (end == 1)
                    server.Close();
                else
                    await client.DisposeAsync();
                await writing;
                if (end == 3)
                    server.Close();
                await Record.ExceptionAsync(() => chatting);
                await client.DisposeAsync();
                server.Close();
                await server.Finished;
            }
        }
        Assert.Equal(before, SlabPool.Outstanding);
    }

    [Fact(Timeout = Timeout)]
    public async Task An_echoed_message_allocates_nothing()
    {
        const int warmUp = 200, messages = 2000;
        int allocated = 0, measured = 0;
        await using var harness = new TransportHarness(secure: SecureAsync, run: async server =>
        {
            long before = 0;
            var (thread, round) = (0, 0);
            while (await server.ReadAsync() is { IsEmpty: false } bytes)
            {
                server.Write(bytes.Span);
                server.Advance(bytes.Length);
                server.Flush();
                // From echo to echo on one thread, which serves the sockets of other tests as well, now and then.
                var now = GC.GetAllocatedBytesForCurrentThread();
                if (++round > warmUp && thread == Environment.CurrentManagedThreadId)
                    (allocated, measured) = (allocated + (now > before ? 1 : 0), measured + 1);
                (thread, before) = (Environment.CurrentManagedThreadId, GC.GetAllocatedBytesForCurrentThread());
            }
            server.Close();
        });
        var (client, server) = await ConnectAsync(harness);

        // Synchronous, so that no completion of the client's runs on the server's thread.
        await Task.Run(() =>
        {
            var answer = new byte[Message.Length];
            for (var i = 0; i < warmUp + messages; i++)
            {
                client.Write(Message, 0, Message.Length);
                client.ReadExactly(answer);
            }
        }, Stop);

        await client.DisposeAsync();
        await server.Finished;
        Assert.InRange(measured, messages / 2, messages);
        Assert.InRange(allocated, 0, messages / 200);
    }

    /// <summary>The two ends of a new connection, protected.</summary>
    private protected Task<(Stream Client, SocketConnection Server)> ConnectAsync(TransportHarness harness) =>
        harness.ConnectAsync(SecureAsync);

    /// <summary>The client has no more to say, and says so.</summary>
    protected abstract Task FinishSendingAsync(Stream client);

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, Stop);
        return bytes.ToArray();
    }
}
