using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class AccountNotesTests : IAsyncLifetime
{
    private static readonly Jid Juliet = Jid.Parse("juliet@capulet.example");
    private static readonly Jid Romeo = Jid.Parse("romeo@capulet.example");
    private static readonly DateTimeOffset Created = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly DateTimeOffset Login = Created.AddHours(1);

    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimers _timers = new();
    private SqliteStore _store = null!;

    // What another process sees is what is in the file.

    public async ValueTask InitializeAsync()
    {
        _store = SqliteStore.Open(_directory.Database, _timers, new SqliteStoreOptions { BusyTimeout = TimeSpan.FromMilliseconds(20) });
        foreach (var account in (Jid[])[Juliet, Romeo])
            await _store.Accounts.AddAsync(new Account(account, [], true, Created, null), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Notes_are_written_together_a_little_later()
    {
        await NoteAsync(Juliet, Login);
        await NoteAsync(Juliet, Login.AddHours(1));
        await NoteAsync(Romeo, Login.AddHours(2));
        Assert.Equal((null, null), await StoredAsync(Juliet));
        Assert.Equal(AccountNotes<LastSeenNote>.Delay, _timers.DueTime);

        await FlushAsync();

        Assert.Equal((Login.AddHours(1), Login.AddHours(1)), await StoredAsync(Juliet));
        Assert.Equal((Login.AddHours(2), Login.AddHours(2)), await StoredAsync(Romeo));
        Assert.False(_timers.IsSet);
    }

    [Fact]
    public async Task A_note_after_the_others_were_written_is_written_too()
    {
        await NoteAsync(Juliet, Login);
        await FlushAsync();

        await NoteAsync(Juliet, Login.AddHours(1));
        await FlushAsync();

        Assert.Equal((Login.AddHours(1), Login.AddHours(1)), await StoredAsync(Juliet));
    }

    [Fact]
    public async Task Notes_that_could_not_be_written_are_written_when_the_store_works_again()
    {
        await NoteAsync(Juliet, Login);
        File.Move(_directory.Database, _directory.Database + ".moved");
        await FlushAsync();
        Assert.Equal(AccountNotes<LastSeenNote>.Delay, _timers.DueTime);
        File.Move(_directory.Database + ".moved", _directory.Database);

        await FlushAsync();

        Assert.Equal((Login, Login), await StoredAsync(Juliet));
    }

    [Fact]
    public async Task Disposal_writes_what_is_left()
    {
        await NoteAsync(Juliet, Login);

        await _store.DisposeAsync();

        Assert.Equal((Login, Login), await StoredAsync(Juliet));
    }

    [Fact]
    public async Task A_note_of_an_account_that_was_deleted_is_not_written_for_its_successor()
    {
        await NoteAsync(Juliet, Login);
        await NoteAsync(Romeo, Login);
        await _store.Accounts.DeleteAsync(Juliet, CancellationToken.None);
        await _store.Accounts.AddAsync(new Account(Juliet, [], true, Created, null), CancellationToken.None);

        await FlushAsync();

        Assert.Equal((null, null), await StoredAsync(Juliet));
        Assert.Equal((Login, Login), await StoredAsync(Romeo));
    }

    [Fact]
    public async Task What_notes_hold_while_the_store_fails_is_limited()
    {
        const int Fit = 64;
        var accounts = Enumerable.Range(0, Fit + 1).Select(i => Jid.Parse($"user{i}@capulet.example")).ToArray();
        foreach (var account in accounts)
            await _store.Accounts.AddAsync(new Account(account, [], true, Created, null), CancellationToken.None);
        var presence = new byte[1024 * 1024];

        foreach (var account in accounts)
            await _store.LastSeen.SetAsync(account, new LastSeen(Login, presence), CancellationToken.None);
        Assert.NotNull(await _store.LastSeen.FindAsync(accounts[Fit - 1], CancellationToken.None));
        Assert.Null(await _store.LastSeen.FindAsync(accounts[Fit], CancellationToken.None));

        // A smaller one in the place of another makes room.
        await _store.LastSeen.SetAsync(accounts[0], new LastSeen(Login, default), CancellationToken.None);
        await _store.LastSeen.SetAsync(accounts[Fit], new LastSeen(Login, presence), CancellationToken.None);
        Assert.NotNull(await _store.LastSeen.FindAsync(accounts[Fit], CancellationToken.None));
    }

    private async Task NoteAsync(Jid account, DateTimeOffset when)
    {
        await _store.Accounts.SetLastLoginAsync(account, when, CancellationToken.None);
        await _store.LastSeen.SetAsync(account, new LastSeen(when, Encoding.UTF8.GetBytes($"{when}")), CancellationToken.None);
    }

    private async Task FlushAsync()
    {
        Assert.True(_timers.IsSet);
        _timers.Fire();
        await _store.LastLogins.Flush;
        await _store.LastSeenNotes.Flush;
    }

    /// <summary>As a process reads it that starts now.</summary>
    private async Task<(DateTimeOffset? Login, DateTimeOffset? Seen)> StoredAsync(Jid account)
    {
        await using var other = SqliteStore.Open(_directory.Database);
        var seen = await other.LastSeen.FindAsync(account, CancellationToken.None);
        if (seen is not null)
            Assert.Equal($"{seen.At}", Encoding.UTF8.GetString(seen.Presence.Span));
        return ((await other.Accounts.FindAsync(account, CancellationToken.None))!.LastLogin, seen?.At);
    }
}
