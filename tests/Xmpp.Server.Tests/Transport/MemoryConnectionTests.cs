using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

public sealed class MemoryConnectionTests
{
    [Fact]
    public async Task One_end_reads_what_the_other_flushed()
    {
        var (client, server) = MemoryConnection.CreatePair();
        Assert.True(client.Write("one"u8));
        var reading = server.ReadAsync();
        Assert.False(reading.IsCompleted);

        client.Flush();
        Assert.Equal("one"u8.ToArray(), (await reading).ToArray());
        server.Advance(1);
        client.Write("two"u8);
        client.Flush();

        Assert.Equal("netwo"u8.ToArray(), (await server.ReadAsync()).ToArray());
    }

    [Fact]
    public async Task Close_delivers_what_is_queued_and_ends_both_ends()
    {
        var (client, server) = MemoryConnection.CreatePair();
        var clientReading = client.ReadAsync();
        client.Write("bye"u8);

        client.Close();

        Assert.True((await clientReading).IsEmpty);
        Assert.False(client.Write("too late"u8));
        Assert.Equal("bye"u8.ToArray(), (await server.ReadAsync()).ToArray());
        server.Advance(3);
        Assert.True((await server.ReadAsync()).IsEmpty);
        await client.Finished;
        Assert.Null(client.AbortReason);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_aborted_at_the_limit()
    {
        var (client, server) = MemoryConnection.CreatePair(maxOutputBytes: 10);
        Assert.True(server.Write(new byte[6]));
        server.Flush();

        Assert.False(server.Write(new byte[5]));

        Assert.Contains("does not read", server.AbortReason, StringComparison.Ordinal);
        Assert.True((await server.ReadAsync()).IsEmpty);
        await client.Finished;
        Assert.Equal("connection reset by the peer", client.AbortReason);
    }
}
