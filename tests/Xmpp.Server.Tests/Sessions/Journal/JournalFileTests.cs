using System.Text;
using Xmpp.Server.Sessions.Journal;
using Xunit;

namespace Xmpp.Server.Tests.Sessions.Journal;

/// <summary>Blocks of a file in memory, and what the next process finds of them.</summary>
public sealed class JournalFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"xmppchat-journal-{Guid.NewGuid():n}");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void What_is_published_is_found_whatever_was_given_back(int seed, bool isClosed)
    {
        var random = new Random(seed);
        var file = JournalFile.Create(_path, 64 * 1024 * 1024);
        var kept = new Dictionary<JournalBlock, byte[]>();
        for (var i = 0; i < 20_000; i++)
        {
            if (kept.Count > 0 && random.Next(100) < 48)
            {
                var block = kept.Keys.ElementAt(random.Next(Math.Min(kept.Count, 20)));
                file.Free(block);
                kept.Remove(block);
                continue;
            }
            var content = new byte[random.Next(100) < 97 ? random.Next(2_000) : random.Next(70_000)];
            random.NextBytes(content);
            Assert.True(file.TryAllocate(content.Length, out var added));
            Assert.False(kept.ContainsKey(added));
            content.CopyTo(file.ContentOf(added));
            file.Publish(added, BlockKind.Stanza);
            kept.Add(added, content);
        }
        Assert.True(file.TryAllocate(10, out _)); // Never published.
        if (isClosed)
            file.Dispose();

        var found = Read();

        Assert.Equal(kept.Values.Select(Convert.ToHexString).Order(), found.Select(Convert.ToHexString).Order());
        file.Dispose();
    }

    [Fact]
    public void Sizes_up_to_the_largest_have_room_and_a_full_file_says_so()
    {
        using var file = JournalFile.Create(_path, JournalFile.MinBytes);
        Assert.False(file.TryAllocate(JournalFile.MaxContent + 1, out _));
        var blocks = new List<JournalBlock>();
        while (file.TryAllocate(JournalFile.MaxContent, out var block))
        {
            file.ContentOf(block).Fill(7);
            file.Publish(block, BlockKind.Stanza);
            blocks.Add(block);
        }
        Assert.Equal(15, blocks.Count);
        Assert.False(file.TryAllocate(1, out _));

        // What was given back serves other sizes.
        file.Free(blocks[0]);
        file.Free(blocks[1]);
        Assert.True(file.TryAllocate(1, out _));
        Assert.Equal(13, Read().Count);
    }

    [Fact]
    public void Many_threads_have_blocks_of_their_own()
    {
        using var file = JournalFile.Create(_path, 64 * 1024 * 1024);
        Parallel.For(0, 8, thread =>
        {
            var mine = new Queue<(JournalBlock Block, byte[] Content)>();
            for (var i = 0; i < 5_000; i++)
            {
                var content = Encoding.UTF8.GetBytes($"{thread}-{i}{new string('x', i % 900)}");
                Assert.True(file.TryAllocate(content.Length, out var block));
                content.CopyTo(file.ContentOf(block));
                file.Publish(block, BlockKind.Stanza);
                mine.Enqueue((block, content));
                if (mine.Count <= 50)
                    continue;
                var (oldest, expected) = mine.Dequeue();
                Assert.True(file.ContentOf(oldest).SequenceEqual(expected));
                file.Free(oldest);
            }
        });
        Assert.Equal(8 * 50, Read().Count);
    }

    [Fact]
    public void A_closed_file_gives_and_takes_no_more()
    {
        var file = JournalFile.Create(_path, JournalFile.MinBytes);
        file.TryAllocate(1, out var block);
        file.Publish(block, BlockKind.Stanza);
        file.Dispose();
        file.Dispose();

        file.Free(block);

        Assert.False(file.TryAllocate(1, out _));
        Assert.Single(Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("something else")]
    public void Another_file_is_not_trusted(string content)
    {
        File.WriteAllText(_path, content);

        Assert.False(JournalFile.TryRead(_path, (_, _) => Assert.Fail("There is nothing.")));
    }

    [Fact]
    public void A_file_from_before_the_systems_end_is_trusted_only_when_it_was_closed()
    {
        var file = JournalFile.Create(_path, JournalFile.MinBytes);
        file.TryAllocate(1, out var block);
        file.Publish(block, BlockKind.Stanza);
        PretendAnotherBoot();

        Assert.False(JournalFile.TryRead(_path, (_, _) => Assert.Fail("Who knows what it is.")));
        file.Dispose();
        Assert.Single(Read());
    }

    private void PretendAnotherBoot()
    {
        using var stream = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.Position = 16;
        stream.Write(new byte[36]);
    }

    private List<byte[]> Read()
    {
        var found = new List<byte[]>();
        Assert.True(JournalFile.TryRead(_path, (kind, content) =>
        {
            Assert.Equal(BlockKind.Stanza, kind);
            found.Add(content.ToArray());
        }));
        return found;
    }
}
