using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133 §4.13 to §4.22: numbers and lists of users.</summary>
public sealed class UserListsTests
{
    /// <summary>The bard and Romeo do something, Juliet and Tybalt don't; Mercutio is disabled, the nurse not there.</summary>
    [Theory]
    [InlineData(
        "get-registered-users", "registeredusersnum", "get-registered-users-list", "registereduserjids",
        "bard juliet mercutio nurse romeo tybalt")]
    [InlineData("get-disabled-users", "disabledusersnum", "get-disabled-users-list", "disableduserjids", "mercutio")]
    [InlineData("get-online-users", "onlineusersnum", "get-online-users-list", "onlineuserjids", "bard juliet romeo tybalt")]
    [InlineData("get-active-users", "activeusersnum", "get-active-users", "activeuserjids", "bard romeo")]
    [InlineData("get-idle-users", "idleusersnum", "get-idle-users", "activeuserjids", "juliet tybalt")]
    public async Task Users_are_counted_and_listed(string count, string countVar, string list, string listVar, string users)
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.LoginAsync("bard");
        await server.LoginAsync("juliet", "balcony");
        await server.LoginAsync("juliet", "chamber");
        await server.ConnectAsync("tybalt");
        await server.ConnectAsync("romeo", "orchard");
        await server.ConnectAsync("somebody@other");
        await server.CreateAccountAsync(Jid.Parse("nurse@localhost"));
        await server.CreateAccountAsync(Jid.Parse("mercutio@localhost"));
        await server.Store.Accounts.SetEnabledAsync(Jid.Parse("mercutio@localhost"), false, CancellationToken.None);
        server.Time.Advance(TimeSpan.FromMinutes(9));
        await bard.SendAsync("<presence/>");
        await bard.ReadAsync();
        var romeo = await server.LoginAsync("romeo", "street");
        server.Time.Advance(TimeSpan.FromMinutes(1));
        await romeo.SendAsync("<message to='romeo@localhost/street'/>");
        await romeo.ReadAsync();

        var expected = users.Split(' ').Select(user => $"{user}@localhost");
        Assert.Equal([$"{expected.Count()}"], (await bard.AdministerAtOnceAsync($"{count}-num")).Values(countVar));
        Assert.Equal(expected, (await bard.AdministerAsync(list)).Values(listVar));
        Assert.Equal(expected, (await bard.AdministerAsync(list, Given("max_items", "none"))).Values(listVar));
    }

    [Fact]
    public async Task A_list_is_as_long_as_wanted_and_no_longer_than_it_may_be()
    {
        await using var server = await Administration.StartAsync(options => options with
        {
            Modules = options.Modules with { ServiceAdministration = new() { MaxListedUsers = 30 } },
        });
        var bard = await server.ConnectAsync("bard");
        for (var i = 0; i < 29; i++)
            await server.CreateAccountAsync(Jid.Parse($"extra{i:00}@localhost"));
        Assert.Equal(30, (await bard.AdministerAsync("get-registered-users-list")).Values("registereduserjids").Count);
        await server.CreateAccountAsync(Jid.Parse("extra29@localhost"));

        Assert.Equal(25, await CountAsync("25"));
        Assert.Equal(31, await CountAsync("50"));
        (await bard.AdministerAsync("get-registered-users-list")).ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.NotAcceptable);
        (await bard.AdministerAsync("get-registered-users-list", Given("max_items", "26")))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");

        async Task<int> CountAsync(string maxItems) =>
            (await bard.AdministerAsync("get-registered-users-list", Given("max_items", maxItems))).Values("registereduserjids").Count;
    }
}
