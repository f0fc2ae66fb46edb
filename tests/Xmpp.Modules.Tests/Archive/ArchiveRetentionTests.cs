using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Modules.Archive;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>What becomes of messages that are too old or too many.</summary>
public sealed class ArchiveRetentionTests
{
    private static readonly Jid Juliet = Jid.Parse("juliet@localhost");
    private static readonly Jid Romeo = Jid.Parse("romeo@localhost");

    /// <summary>A server where Juliet's and Romeo's archives have messages of these ages, in days.</summary>
    private static async Task<TestServer> StartAsync(ArchiveOptions limits, params int[] ages)
    {
        var server = await TestServer.StartAsync(options => options with { Modules = options.Modules with { Archive = limits } });
        var stanza = Encoding.UTF8.GetBytes("<message/>");
        foreach (var account in new[] { Juliet, Romeo })
        {
            await server.CreateAccountAsync(account);
            await server.Store.Archive.AddAsync(
                [
                    .. ages.Select(age => new ArchiveEntry(
                        account, SortableId.New(server.Time.GetUtcNow().AddDays(-age)), Jid.Parse("nurse@localhost"), IsIncoming: true,
                        stanza, Text: null, IsShown: true)),
                ],
                CancellationToken.None);
        }
        return server;
    }

    private static async Task<string> AgesAsync(TestServer server, Jid account)
    {
        var page = await server.Store.Archive.ReadAsync(account, new(), 10, isFromEnd: true, CancellationToken.None);
        return string.Join(' ', page!.Messages.Select(
            message => $"{Math.Floor((server.Time.GetUtcNow() - message.Id.Time).TotalDays / 100)}"));
    }

    /// <summary>Lets hours pass until an archive has messages of these ages, in hundreds of days.</summary>
    private static Task PassTimeAsync(TestServer server, Jid account, string ages) => Eventually.UntilAsync(
        async () => await AgesAsync(server, account) == ages, meanwhile: () => server.Time.Advance(ArchiveRetention.Interval));

    [Fact]
    public async Task Old_messages_go()
    {
        await using var server = await StartAsync(new() { MaxAge = TimeSpan.FromDays(365) }, 600, 500, 400, 200, 100);

        await PassTimeAsync(server, Juliet, "2 1");
        await PassTimeAsync(server, Romeo, "2 1");
    }

    [Fact]
    public async Task The_oldest_go_of_too_many_whatever_their_number()
    {
        await using var server = await StartAsync(
            new() { MaxMessages = 2 }, [500, .. Enumerable.Repeat(400, 1200), 300, 200]);

        await PassTimeAsync(server, Juliet, "3 2");
    }

    [Fact]
    public async Task Limits_of_an_account_count_more_than_those_of_its_host_and_those_more_than_what_is_configured()
    {
        await using var server = await StartAsync(new() { MaxAge = TimeSpan.FromDays(250), MaxMessages = 1 }, 400, 300, 200, 100);
        var limits = new ArchiveLimitBook(server.Store.Settings, server.Store.AccountData);
        await limits.SetAsync(Jid.Parse("localhost"), new(MaxAge: null, MaxMessages: 0), CancellationToken.None);
        await limits.SetAsync(Juliet, new(MaxAge: TimeSpan.Zero, MaxMessages: 3), CancellationToken.None);

        await PassTimeAsync(server, Juliet, "3 2 1");
        await PassTimeAsync(server, Romeo, "2 1");

        await limits.SetAsync(Juliet, ArchiveLimits.None, CancellationToken.None);
        await limits.SetAsync(Jid.Parse("localhost"), ArchiveLimits.None, CancellationToken.None);
        Assert.Equal(ArchiveLimits.None, await limits.FindAsync(Juliet, CancellationToken.None));
        await PassTimeAsync(server, Juliet, "1");
    }

    [Fact]
    public async Task A_reload_changes_the_limits_and_a_store_that_fails_is_asked_again()
    {
        await using var server = await StartAsync(new(), 300, 200, 100);
        await server.ReloadAsync(options => options with { Modules = options.Modules with { Archive = new() { MaxMessages = 2 } } });

        server.Store.Failure = StanzaErrorCondition.InternalServerError;
        for (var hour = 0; hour < 5; hour++)
        {
            server.Time.Advance(ArchiveRetention.Interval);
            await Task.Yield();
        }
        server.Store.Failure = null;

        await PassTimeAsync(server, Juliet, "2 1");
    }
}
