using System.Text;
using Xmpp.Server.Transport;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

public sealed class OutputBatchTests
{
    private readonly MemoryConnection _client;
    private readonly MemoryConnection _server;

    public OutputBatchTests() => (_client, _server) = MemoryConnection.CreatePair();

    [Fact]
    public async Task Outside_a_batch_output_leaves_at_once()
    {
        Write(_server, "Hark!");

        Assert.Equal("Hark!", await ReadAsync(_client));
    }

    [Fact]
    public async Task What_has_to_leave_leaves_before_the_end()
    {
        Assert.Equal("Hark!", await ReadInBatch());

        Task<string> ReadInBatch()
        {
            using var outer = OutputBatch.Begin();
            using var inner = OutputBatch.Begin();
            Write(_server, "Hark!");
            OutputBatch.Flush();
            var reading = ReadAsync(_client);
            Assert.True(reading.IsCompleted);
            return reading;
        }
    }

    [Fact]
    public async Task In_a_batch_it_leaves_at_the_end_all_together()
    {
        var reading = ReadAsync(_client);
        WriteInBatch(reading);

        Assert.Equal("Hark! Hark!", await reading);

        void WriteInBatch(Task<string> reading)
        {
            using var batch = OutputBatch.Begin();
            Write(_server, "Hark! ");
            Write(_server, "Hark!");
            Assert.False(reading.IsCompleted);
        }
    }

    [Fact]
    public async Task A_batch_within_a_batch_belongs_to_it()
    {
        var reading = ReadAsync(_client);
        WriteInBatch(reading);

        Assert.Equal("Hark! Hark!", await reading);

        void WriteInBatch(Task<string> reading)
        {
            using var outer = OutputBatch.Begin();
            using (OutputBatch.Begin())
                Write(_server, "Hark! ");
            Write(_server, "Hark!");
            Assert.False(reading.IsCompleted);
        }
    }

    [Fact]
    public async Task Every_connection_gets_its_own_however_many_there_are()
    {
        var pairs = Enumerable.Range(0, 100).Select(_ => MemoryConnection.CreatePair()).ToList();
        WriteInBatch();

        for (var i = 0; i < pairs.Count; i++)
            Assert.Equal($"{i}{i}", await ReadAsync(pairs[i].Client));

        void WriteInBatch()
        {
            using var batch = OutputBatch.Begin();
            for (var round = 0; round < 2; round++)
            {
                for (var i = 0; i < pairs.Count; i++)
                    Write(pairs[i].Server, $"{i}");
            }
        }
    }

    [Fact]
    public async Task Batches_of_two_threads_flush_the_same_connection_each_for_itself()
    {
        WriteInBatches();

        Assert.Equal("first second third", await ReadAsync(_client));

        void WriteInBatches()
        {
            using var batch = OutputBatch.Begin();
            Write(_server, "first ");
            var other = new Thread(() =>
            {
                using var batch = OutputBatch.Begin();
                Write(_server, "second ");
            });
            other.Start();
            other.Join();
            Write(_server, "third");
        }
    }

    [Fact]
    public async Task A_batch_that_is_left_by_an_exception_is_sent_and_over()
    {
        Assert.Throws<InvalidOperationException>(WriteAndFail);
        Assert.Equal("Hark!", await ReadAsync(_client));

        Write(_server, "again");
        Assert.Equal("again", await ReadAsync(_client));

        void WriteAndFail()
        {
            using var batch = OutputBatch.Begin();
            Write(_server, "Hark!");
            throw new InvalidOperationException();
        }
    }

    private static void Write(MemoryConnection connection, string text)
    {
        Assert.True(connection.Write(Encoding.UTF8.GetBytes(text)));
        OutputBatch.MarkDirty(connection);
    }

    private static async Task<string> ReadAsync(MemoryConnection connection)
    {
        var bytes = await connection.ReadAsync();
        var text = Encoding.UTF8.GetString(bytes.Span);
        connection.Advance(bytes.Length);
        return text;
    }
}
