using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

/// <summary>That no query of an archive, of a list of rooms or of a node looks at more than it answers: by which index SQLite finds it, and that nothing is sorted.</summary>
public sealed partial class SqlitePlanTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string, string> Plans { get; } = new()
    {
        { ArchiveScan.ByIdSql, "SEARCH i USING PRIMARY KEY (archive=? AND id>? AND id<?); SEARCH m USING INTEGER PRIMARY KEY (rowid=?)" },
        { ArchiveScan.ByIdFromEndSql, "SEARCH i USING PRIMARY KEY (archive=? AND id>? AND id<?); SEARCH m USING INTEGER PRIMARY KEY (rowid=?)" },
        { ArchiveScan.ByPeerSql, "SEARCH i USING PRIMARY KEY (peer=? AND id>? AND id<?); SEARCH m USING INTEGER PRIMARY KEY (rowid=?)" },
        { ArchiveScan.ByPeerFromEndSql, "SEARCH i USING PRIMARY KEY (peer=? AND id>? AND id<?); SEARCH m USING INTEGER PRIMARY KEY (rowid=?)" },
        { SqliteArchive.FirstSql, "SEARCH archive_by_id USING PRIMARY KEY (archive=?)" },
        { SqliteArchive.LastSql, "SEARCH archive_by_id USING PRIMARY KEY (archive=?)" },
        { SqliteArchive.OldestSql, "SEARCH archive_by_id USING PRIMARY KEY (archive=? AND id>? AND id<?)" },
        { SqliteArchive.OldestWithSql, "SEARCH archive_by_peer USING PRIMARY KEY (peer=? AND id>? AND id<?)" },
        { SqliteArchive.KeptWithSql, "SEARCH archive_by_peer USING PRIMARY KEY (peer=?)" },
        { SqliteArchive.OrphanSql, "SCAN archive USING INDEX archive_orphan" },
        { SqliteArchive.ListConversationsSql, "SEARCH archive_peer USING INDEX archive_peer_last (archive=? AND last>? AND last<?)" },
        { SqliteArchive.ListUnreadSql, "SEARCH archive_peer USING INDEX archive_peer_last (archive=? AND last>? AND last<?)" },
        { SqliteArchive.CountConversationsSql, "SEARCH archive_peer USING COVERING INDEX archive_peer_last (archive=? AND last>?)" },
        { SqliteArchive.EachUnreadSql, "SEARCH archive_peer USING INDEX archive_peer_last (archive=? AND last>?)" },
        { SqliteRooms.ListSql(RoomFilter.All, false), "SEARCH room USING INDEX sqlite_autoindex_room_1 (service=? AND name>? AND name<?)" },
        { SqliteRooms.ListSql(RoomFilter.All, true), "SEARCH room USING INDEX sqlite_autoindex_room_1 (service=? AND name>? AND name<?)" },
        { SqliteRooms.ListSql(RoomFilter.Listed, false), "SEARCH room USING INDEX room_listed (service=? AND name>? AND name<?)" },
        { SqliteRooms.ListSql(RoomFilter.Listed, true), "SEARCH room USING INDEX room_listed (service=? AND name>? AND name<?)" },
        { SqliteRooms.ListSql(RoomFilter.Temporary, false), "SEARCH room USING INDEX room_temporary (service=? AND name>? AND name<?)" },
        { SqliteRooms.CountSql(RoomFilter.All), "SEARCH room USING COVERING INDEX sqlite_autoindex_room_1 (service=?)" },
        { SqliteRooms.CountSql(RoomFilter.Listed), "SEARCH room USING COVERING INDEX room_listed (service=?)" },
        { SqliteRooms.CountSql(RoomFilter.Temporary), "SEARCH room USING COVERING INDEX room_temporary (service=?)" },
        { SqlitePubSub.OrphanSql, "SCAN pubsub_node USING INDEX pubsub_node_orphan" },
        { SqlitePubSub.ListSql(false, false), "SEARCH pubsub_node USING INDEX pubsub_node_account (account=? AND node>? AND node<?)" },
        { SqlitePubSub.ListSql(true, true), "SEARCH pubsub_node USING INDEX pubsub_node_service (service=? AND node>? AND node<?)" },
        { SqlitePubSub.CountSql(false), "SEARCH pubsub_node USING COVERING INDEX pubsub_node_account (account=?)" },
        { SqlitePubSub.CountSql(true), "SEARCH pubsub_node USING COVERING INDEX pubsub_node_service (service=?)" },
        { SqlitePubSub.ItemsSql(false), "SEARCH pubsub_item USING INDEX sqlite_autoindex_pubsub_item_2 (node=? AND position>? AND position<?)" },
        { SqlitePubSub.ItemsSql(true), "SEARCH pubsub_item USING INDEX sqlite_autoindex_pubsub_item_2 (node=? AND position>? AND position<?)" },
        { SqlitePubSub.OldestSql, "SEARCH pubsub_item USING COVERING INDEX sqlite_autoindex_pubsub_item_2 (node=? AND position<?)" },
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Plans))]
    public async Task Each_query_has_its_index(string sql, string plan)
    {
        await SqliteStore.Open(_directory.Database).DisposeAsync();
        Assert.Equal(plan, Explain(sql));
    }

    [Theory]
    [InlineData(ArchiveScan.CountByIdSql, "SEARCH archive_by_id USING PRIMARY KEY (archive=? AND id>? AND id<?)")]
    [InlineData(ArchiveScan.CountByPeerSql, "SEARCH archive_by_peer USING PRIMARY KEY (peer=? AND id>? AND id<?)")]
    [InlineData(SqliteArchive.UnreadSql, "SEARCH archive_by_peer USING PRIMARY KEY (peer=? AND id>?)")]
    public async Task Counting_is_done_within_an_index(string sql, string search)
    {
        await SqliteStore.Open(_directory.Database).DisposeAsync();
        var plan = Explain(sql);
        Assert.Contains(search, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    private string Explain(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_directory.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        // What is not bound is NULL, which changes no plan; ADO.NET wants values.
        command.CommandText = $"EXPLAIN QUERY PLAN {Parameter().Replace(sql, "NULL")}";
        using var rows = command.ExecuteReader();
        var steps = new List<string>();
        while (rows.Read())
            steps.Add(rows.GetString(3));
        return string.Join("; ", steps);
    }

    [GeneratedRegex(@"\?\d?|\$\w+")]
    private static partial Regex Parameter();
}
