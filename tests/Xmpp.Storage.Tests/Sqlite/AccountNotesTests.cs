using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Storage.Sqlite;
using Xunit;

namespace Xmpp.Storage.Tests.Sqlite;

public sealed class AccountNotesTests : IAsyncLifetime
{
    private static readonly Jid Juliet = Jid.Parse("juliet@capulet.example");
    private static readonly DateTimeOffset Created = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
    private static readonly DateTimeOffset Login = Created.AddHours(1);

    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTimers _timers = new();
    private SqliteStore _store = null!;

    // What another process sees is what is in the file.
    private SqliteStore _other = null!;

    public async ValueTask InitializeAsync()
    {
        _store = SqliteStore.Open(_directory.Database, _timers, new SqliteStoreOptions { BusyTimeout = TimeSpan.FromMilliseconds(20) });
        _other = SqliteStore.Open(_directory.Database);
        await _store.Accounts.AddAsync(new Account(Juliet, [], true, Created, null), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _other.DisposeAsync();
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Logins_are_written_together_a_little_later()
    {
        await _store.Accounts.SetLastLoginAsync(Juliet, Login, CancellationToken.None);
        await _store.Accounts.SetLastLoginAsync(Juliet, Login.AddHours(1), CancellationToken.None);
        Assert.Null(await StoredAsync());
        Assert.Equal(AccountNotes<DateTimeOffset>.Delay, _timers.DueTime);

        await FlushAsync();

        Assert.Equal(Login.AddHours(1), await StoredAsync());
        Assert.False(_timers.IsSet);
    }

    [Fact]
    public async Task A_login_after_the_others_were_written_is_written_too()
    {
        await _store.Accounts.SetLastLoginAsync(Juliet, Login, CancellationToken.None);
        await FlushAsync();

        await _store.Accounts.SetLastLoginAsync(Juliet, Login.AddHours(1), CancellationToken.None);
        await FlushAsync();

        Assert.Equal(Login.AddHours(1), await StoredAsync());
    }

    [Fact]
    public async Task Logins_that_could_not_be_written_are_written_when_the_store_works_again()
    {
        await _store.Accounts.SetLastLoginAsync(Juliet, Login, CancellationToken.None);
        File.Move(_directory.Database, _directory.Database + ".moved");
        await FlushAsync();
        Assert.Equal(AccountNotes<DateTimeOffset>.Delay, _timers.DueTime);
        File.Move(_directory.Database + ".moved", _directory.Database);

        await FlushAsync();

        Assert.Equal(Login, await StoredAsync());
    }

    [Fact]
    public async Task Disposal_writes_what_is_left()
    {
        await _store.Accounts.SetLastLoginAsync(Juliet, Login, CancellationToken.None);

        await _store.DisposeAsync();

        Assert.Equal(Login, await StoredAsync());
    }

    private async Task FlushAsync()
    {
        Assert.True(_timers.IsSet);
        _timers.Fire();
        await _store.LastLogins.Flush;
    }

    private async Task<DateTimeOffset?> StoredAsync() => (await _other.Accounts.FindAsync(Juliet, CancellationToken.None))!.LastLogin;
}
