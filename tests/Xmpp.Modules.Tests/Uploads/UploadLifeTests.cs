using System.IO.Pipelines;
using System.Net;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Uploads;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Uploads;

/// <summary>How much may be uploaded, and how long it stays.</summary>
public sealed class UploadLifeTests
{
    private static readonly string Permanent = $"<permanent xmlns='{Uploader.PurposeNs}'/>";

    [Fact]
    public async Task An_account_has_room_for_so_much_and_is_told_when_there_is_more()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { AccountBytes = 1000, Keep = TimeSpan.FromHours(10) });
        using var romeo = await Uploader.LoginAsync(server);
        var begin = server.Time.GetUtcNow();
        await romeo.UploadAsync(Uploader.Bytes(600), purpose: Permanent);
        // What is about to be uploaded counts as well.
        await romeo.GetSlotAsync(400);
        await ExpectRefusedAsync(romeo, 1, retry: begin.AddHours(10));

        // A slot that nobody used frees its room.
        server.Time.Advance(TimeSpan.FromMinutes(6));
        var sent = server.Time.GetUtcNow();
        await romeo.UploadAsync(Uploader.Bytes(400));
        await ExpectRefusedAsync(romeo, 400, retry: sent.AddHours(10));
        // For that much there never will be.
        await ExpectRefusedAsync(romeo, 401, retry: null);

        // Others have room of their own.
        using var juliet = await Uploader.LoginAsync(server, "juliet");
        await juliet.GetSlotAsync(1000);
        server.Time.Advance(TimeSpan.FromHours(10));
        await romeo.GetSlotAsync(400);
    }

    [Fact]
    public async Task A_day_has_its_limit_whatever_was_removed()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { AccountBytesPerDay = 1000 });
        using var romeo = await Uploader.LoginAsync(server);
        var first = server.Time.GetUtcNow();
        await romeo.UploadAsync(
            Uploader.Bytes(500), purpose: $"<ephemeral xmlns='{Uploader.PurposeNs}' expire-before='{XmppDateTime.Format(first.AddMinutes(10))}'/>");
        server.Time.Advance(TimeSpan.FromHours(3));
        await romeo.UploadAsync(Uploader.Bytes(500));

        await ExpectRefusedAsync(romeo, 500, retry: first.AddDays(1));
        await ExpectRefusedAsync(romeo, 501, retry: first.AddHours(3).AddDays(1));
        server.Time.Advance(TimeSpan.FromHours(21));
        await romeo.GetSlotAsync(500);
    }

    [Fact]
    public async Task Files_and_the_whole_service_have_limits()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { AccountFiles = 2, ServiceBytes = 1000 });
        using var romeo = await Uploader.LoginAsync(server);
        using var juliet = await Uploader.LoginAsync(server, "juliet");
        await romeo.UploadAsync(Uploader.Bytes(300));
        await romeo.UploadAsync(Uploader.Bytes(300), purpose: Permanent);
        var (put, _) = await juliet.GetSlotAsync(400);

        await ExpectRefusedAsync(romeo, 1, retry: server.Time.GetUtcNow() + new UploadOptions().Keep);
        await ExpectRefusedAsync(juliet, 401, retry: null);
        var nurse = await Uploader.LoginAsync(server, "nurse");
        await nurse.UploadAsync(Uploader.Bytes(100));
        Assert.Equal(HttpStatusCode.InsufficientStorage, (await juliet.PutAsync(put, Uploader.Bytes(400))).StatusCode);
    }

    [Fact]
    public async Task An_account_can_have_a_quota_of_its_own()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { AccountBytes = 1000 });
        using var romeo = await Uploader.LoginAsync(server);
        var (uploads, account) = (server.Server.Context.Uploads, romeo.Client.Jid.Bare);

        Assert.True(await uploads.SetQuotaAsync(account, 5000, TestContext.Current.CancellationToken));
        await romeo.GetSlotAsync(5000);
        Assert.True(await uploads.SetQuotaAsync(account, null, TestContext.Current.CancellationToken));
        Assert.Equal(1000, await uploads.FindQuotaAsync(account, TestContext.Current.CancellationToken));
        Assert.False(await uploads.SetQuotaAsync(Jid.Parse("nobody@localhost"), 1, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("", 3)]
    [InlineData("<message xmlns='urn:xmpp:http:upload:purpose:0'/>", 3)]
    [InlineData("<whatever xmlns='urn:xmpp:http:upload:purpose:0'/>", 3)]
    [InlineData("<ephemeral xmlns='urn:xmpp:http:upload:purpose:0' expire-before='2026-01-01T01:00:00Z'/>", 1)]
    [InlineData("<ephemeral xmlns='urn:xmpp:http:upload:purpose:0' expire-before='2027-01-01T00:00:00Z'/>", 3)]
    [InlineData("<profile xmlns='urn:xmpp:http:upload:purpose:0'/>", null)]
    [InlineData("<permanent xmlns='urn:xmpp:http:upload:purpose:0'/>", null)]
    public async Task A_file_stays_as_long_as_its_purpose_says(string purpose, int? hours)
    {
        await using var server = await Uploader.StartServerAsync(options => options with { Keep = TimeSpan.FromHours(3) });
        using var romeo = await Uploader.LoginAsync(server);
        var url = await romeo.UploadAsync(Uploader.Bytes(100), purpose: purpose);

        server.Time.Advance(TimeSpan.FromHours(hours ?? 10) - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await romeo.GetAsync(url)).StatusCode);
        if (hours is null)
            return;
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(url)).StatusCode);
        await Eventually.UntilAsync(
            async () => (await Uploader.FilesAsync(server)).Count == 0,
            meanwhile: () => server.Time.Advance(server.Server.Context.Uploads.Files.SweepInterval));
    }

    [Theory]
    [InlineData("<ephemeral xmlns='urn:xmpp:http:upload:purpose:0'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<ephemeral xmlns='urn:xmpp:http:upload:purpose:0' expire-before='soon'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<ephemeral xmlns='urn:xmpp:http:upload:purpose:0' expire-before='2026-01-01T00:00:00Z'/>", StanzaErrorCondition.BadRequest)]
    [InlineData("<permanent xmlns='urn:xmpp:http:upload:purpose:0'/>", StanzaErrorCondition.NotAllowed)]
    public async Task A_purpose_that_can_not_be_served_is_refused(string purpose, StanzaErrorCondition condition)
    {
        await using var server = await Uploader.StartServerAsync(options => options with { AllowPermanent = false });
        using var romeo = await Uploader.LoginAsync(server);

        Assert.Equal(condition, StanzaError.Parse(await romeo.AskAsync("filename='a' size='1'", purpose))!.Condition);
    }

    [Fact]
    public async Task Files_go_with_their_account()
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        using var juliet = await Uploader.LoginAsync(server, "juliet");
        var (his, hers) = (await romeo.UploadAsync(Uploader.Bytes(100)), await juliet.UploadAsync(Uploader.Bytes(100)));
        var (put, _) = await romeo.GetSlotAsync(100);

        await server.Server.Context.Accounts.RemoveAsync(romeo.Client.Jid.Bare, except: null, TestContext.Current.CancellationToken);

        Assert.Single(await Uploader.FilesAsync(server));
        Assert.Equal(HttpStatusCode.NotFound, (await juliet.GetAsync(his)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await juliet.GetAsync(hers)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await juliet.PutAsync(put, Uploader.Bytes(100))).StatusCode);
        Assert.Single(await Uploader.FilesAsync(server));
    }

    [Fact]
    public async Task What_a_killed_server_leaves_is_swept_away()
    {
        await using var server = await TestServer.StartWithJournalAsync();
        await server.ReloadAsync(options => options with
        {
            Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }] },
        });
        string url, killed;
        using (var romeo = await Uploader.LoginAsync(server))
        {
            url = await romeo.UploadAsync(Uploader.Bytes(100));
            killed = (await Uploader.FilesAsync(server)).Single();
        }
        // A file whose account never knew of it.
        var files = server.Server.Context.Uploads.Files;
        var orphan = (await files.FindAsync(killed, TestContext.Current.CancellationToken))!.Upload with { Id = new string('0', 32) };
        await files.ReceiveAsync(
            orphan, PipeReader.Create(new MemoryStream(new byte[100])), _ => new(true), TestContext.Current.CancellationToken);
        Assert.Equal(2, (await Uploader.FilesAsync(server)).Count);
        await server.RestartAsync(isKilled: true);
        // In a database it may be that of another server, which has yet to note whose it is.
        if (server.Options.Http.UploadStore != "disk")
            server.Time.Advance(2 * files.SweepInterval);

        using var again = await Uploader.LoginAsync(server);
        await Eventually.UntilAsync(async () => (await Uploader.FilesAsync(server)).Count == 1);
        Assert.Equal([killed], await Uploader.FilesAsync(server));
        var path = new Uri(url).PathAndQuery;
        Assert.Equal(HttpStatusCode.OK, (await again.GetAsync($"http://localhost:{server.HttpPort(tls: false)}{path}")).StatusCode);
    }

    private static async Task ExpectRefusedAsync(Uploader uploader, long size, DateTimeOffset? retry)
    {
        var error = StanzaError.Parse(await uploader.AskAsync($"filename='a' size='{size}'"))!;
        Assert.Equal((StanzaErrorCondition.ResourceConstraint, StanzaErrorType.Wait), (error.Condition, error.Type));
        Assert.Equal(retry is { } when ? XmppDateTime.Format(when) : null, error.Application?["stamp"]);
    }
}
