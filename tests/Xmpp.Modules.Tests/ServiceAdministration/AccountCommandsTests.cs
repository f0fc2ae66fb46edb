using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133 §4.1 to §4.10: users one by one.</summary>
public sealed class AccountCommandsTests
{
    [Fact]
    public async Task Add_User()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await bard.AdministerAsync("add-user",
            Given("accountjid", "Juliet@localhost"), Given("password", "R0m30"), Given("password-verify", "R0m30"),
            Given("email", "juliet@capulet.com"), Given("given_name", "Juliet"), Given("surname", "Capulet"))).Command("completed");

        Assert.True(await server.CanLogInAsync("juliet", "R0m30"));
        var card = await server.Store.AccountData.FindAsync(Jid.Parse("juliet@localhost"), "vcard", "", CancellationToken.None);
        Assert.Equal(
            Element.Parse("<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN><N><FAMILY>Capulet</FAMILY><GIVEN>Juliet</GIVEN></N>"
                + "<EMAIL><INTERNET/><USERID>juliet@capulet.com</USERID></EMAIL></vCard>"),
            Element.Parse(card!.Value));
    }

    [Fact]
    public async Task Add_User_makes_a_password_when_none_is_given()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        var answer = await bard.AdministerAsync("add-user", Given("accountjid", "juliet@localhost"));

        Assert.Equal(["juliet@localhost"], answer.Values("accountjid"));
        Assert.True(await server.CanLogInAsync("juliet", answer.Values("password").Single()));
        Assert.Null(await server.Store.AccountData.FindAsync(Jid.Parse("juliet@localhost"), "vcard", "", CancellationToken.None));
    }

    [Theory]
    [InlineData("romeo@localhost", "secret", "secret", StanzaErrorType.Cancel, StanzaErrorCondition.Conflict, null)]
    [InlineData("juliet@elsewhere", "secret", "secret", StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed, null)]
    [InlineData("juliet@other", "secret", "secret", StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed, null)]
    [InlineData("juliet@localhost", "secret", "secrets", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("juliet@localhost", "", "secret", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("juliet@localhost", "secret", "", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("juliet@localhost", "\u0080", "\u0080", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("juliet@localhost/balcony", "secret", "secret", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("localhost", "secret", "secret", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("@localhost", "secret", "secret", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    [InlineData("", "secret", "secret", StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload")]
    public async Task Add_User_refuses(
        string account, string password, string verify, StanzaErrorType type, StanzaErrorCondition condition, string? specific)
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.ConnectAsync("bard");
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));

        (await bard.AdministerAsync(
            "add-user", Given("accountjid", account), Given("password", password), Given("password-verify", verify)))
            .ExpectError(type, condition, specific);

        Assert.False(await server.ExistsAsync("juliet@localhost"));
        Assert.False(await server.ExistsAsync("juliet@other"));
    }

    [Fact]
    public async Task On_the_own_account_the_commands_are_about_its_host()
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.ConnectAsync("bard");
        var node = $"{Administration.Ns}#add-user";

        (await bard.ExecuteAsync("bard@localhost", node, Given("accountjid", "juliet@localhost"))).Command("completed");
        (await bard.ExecuteAsync("bard@localhost", node, Given("accountjid", "juliet@other")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed);
        // Who is named by the configuration administers all hosts.
        (await bard.ExecuteAsync("other", node, Given("accountjid", "juliet@other"))).Command("completed");
    }

    [Fact]
    public async Task Delete_User()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var juliet = await server.ConnectAsync("juliet");
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));

        (await bard.AdministerAsync("delete-user", Given("accountjids", "juliet@localhost", "romeo@localhost"))).Command("completed");

        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
        Assert.False(await server.ExistsAsync("juliet@localhost"));
        Assert.False(await server.ExistsAsync("romeo@localhost"));
    }

    [Fact]
    public async Task Disable_User_and_Re_Enable_User()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var juliet = await server.ConnectAsync("juliet");

        (await bard.AdministerAsync("disable-user", Given("accountjids", "juliet@localhost"))).Command("completed");

        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
        Assert.False(await server.CanLogInAsync("juliet", TestServer.Password));
        Assert.True(await server.ExistsAsync("juliet@localhost"));

        (await bard.AdministerAsync("reenable-user", Given("accountjids", "juliet@localhost"))).Command("completed");

        Assert.True(await server.CanLogInAsync("juliet", TestServer.Password));
    }

    [Fact]
    public async Task End_User_Session_ends_all_of_a_bare_JID_and_one_of_a_full_JID()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var (balcony, chamber) = (await server.ConnectAsync("juliet", "balcony"), await server.ConnectAsync("juliet", "chamber"));

        (await bard.AdministerAsync("end-user-session", Given("accountjids", "juliet@localhost/balcony"))).Command("completed");
        await balcony.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
        await chamber.SendAsync("<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        await chamber.ExpectAsync($"<iq type='result' id='1' from='localhost' to='{chamber.Jid}'/>");

        balcony = await server.ConnectAsync("juliet", "balcony");
        (await bard.AdministerAsync("end-user-session", Given("accountjids", "juliet@localhost"))).Command("completed");
        await balcony.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
        await chamber.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);

        await balcony.Served;
        await chamber.Served;
        (await bard.AdministerAsync("end-user-session", Given("accountjids", "juliet@localhost")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
        Assert.True(await server.CanLogInAsync("juliet", TestServer.Password));
    }

    [Fact]
    public async Task Change_User_Password()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var juliet = await server.ConnectAsync("juliet");

        (await bard.AdministerAsync(
            "change-user-password", Given("accountjid", "juliet@localhost"), Given("password", "V3r0n4"))).Command("completed");

        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.Reset);
        Assert.True(await server.CanLogInAsync("juliet", "V3r0n4"));
        Assert.False(await server.CanLogInAsync("juliet", TestServer.Password));
        // One's own, too, without losing the session.
        (await bard.AdministerAsync(
            "change-user-password", Given("accountjid", "bard@localhost"), Given("password", "V3r0n4"))).Command("completed");
        Assert.True(await server.CanLogInAsync("bard", "V3r0n4"));
    }

    /// <summary>None of several is touched when one of them can't be.</summary>
    [Theory]
    [InlineData("delete-user")]
    [InlineData("disable-user")]
    [InlineData("reenable-user")]
    [InlineData("get-user-roster")]
    [InlineData("get-user-lastlogin")]
    public async Task All_accounts_have_to_be_there(string command)
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));

        (await bard.AdministerAsync(command, Given("accountjids", "juliet@localhost", "nobody@localhost")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
        (await bard.AdministerAsync(command, Given("accountjids", "juliet@localhost", "juliet@elsewhere")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed);
        (await bard.AdministerAsync(command, Given("accountjids", "juliet@localhost", "localhost")))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
        (await bard.AdministerAsync(command, Given("accountjids", "juliet@localhost/balcony")))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");

        Assert.True(await server.CanLogInAsync("juliet", TestServer.Password));
    }

    [Theory]
    [InlineData("delete-user")]
    [InlineData("disable-user")]
    public async Task Nobody_cuts_the_branch_that_they_sit_on(string command)
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await bard.AdministerAsync(command, Given("accountjids", "bard@localhost")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed);
    }

    [Fact]
    public async Task Get_User_Roster()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var juliet = Jid.Parse("juliet@localhost");
        await server.CreateAccountAsync(juliet);
        await server.CreateAccountAsync(Jid.Parse("nurse@localhost"));
        await server.Store.Rosters.ApplyAsync(juliet, new(1)
        {
            Saved =
            [
                new(Jid.Parse("romeo@example.net"))
                {
                    IsListed = true, Name = "Romeo", Subscription = SubscriptionState.Both, Groups = ["Friends", "Lovers"], Version = 1,
                },
                new(Jid.Parse("mercutio@example.org"))
                {
                    IsListed = true, Subscription = SubscriptionState.From, IsAsking = true, Version = 1,
                },
                new(Jid.Parse("paris@example.org")) { Request = Element.Parse("<presence type='subscribe'/>") },
            ],
        }, CancellationToken.None);

        var answer = await bard.AdministerAsync("get-user-roster", Given("accountjids", "juliet@localhost", "nurse@localhost"));

        var forms = answer.Command("completed").Elements.ToList();
        Assert.Equal(
            ["juliet@localhost", "nurse@localhost"],
            forms.Select(form => Core.Extensions.DataForm.Parse(form)!.Value("accountjids")));
        Assert.Equal(
            Element.Parse("<query xmlns='jabber:iq:roster'><item jid='mercutio@example.org' subscription='from' ask='subscribe'/>"
                + "<item jid='romeo@example.net' name='Romeo' subscription='both'>"
                + "<group>Friends</group><group>Lovers</group></item></query>"),
            forms[0].Child("jabber:iq:roster", "query"));
        Assert.Empty(forms[1].Child("jabber:iq:roster", "query")!.Elements);
    }

    [Fact]
    public async Task Get_User_Last_Login_Time()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        Assert.Empty((await bard.AdministerAsync("get-user-lastlogin", Given("accountjids", "juliet@localhost"))).Values("lastlogin"));
        server.Time.Advance(TimeSpan.FromHours(20));
        await server.ConnectAsync("juliet");

        var answer = await bard.AdministerAsync("get-user-lastlogin", Given("accountjids", "juliet@localhost"));

        Assert.Equal(["juliet@localhost"], answer.Values("accountjids"));
        Assert.Equal(["2026-01-01T20:00:00Z"], answer.Values("lastlogin"));
    }

    [Fact]
    public async Task Get_User_Statistics()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");
        var juliet = await server.ConnectAsync("juliet", "balcony");
        await server.ConnectAsync("juliet", "chamber");
        await server.Store.Rosters.ApplyAsync(Jid.Parse("juliet@localhost"), new(1)
        {
            Saved = [new(Jid.Parse("romeo@localhost")) { IsListed = true, Version = 1 }, new(Jid.Parse("paris@localhost"))],
        }, CancellationToken.None);
        for (var i = 0; i < 60; i++)
            await juliet.SendAsync($"<iq type='get' id='{i}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        for (var i = 0; i < 60; i++)
            await juliet.ReadAsync();
        server.Time.Advance(TimeSpan.FromMinutes(4));

        var answer = await bard.AdministerAsync("user-stats", Given("accountjid", "juliet@localhost"));

        Assert.Equal(["127.0.0.1"], answer.Values("ipaddresses"));
        Assert.Equal(["1"], answer.Values("rostersize"));
        Assert.Equal(["balcony", "chamber"], answer.Values("onlineresources").Order());
        Assert.Equal(["0.25"], answer.Values("stanzaspersecond"));
        Assert.Equal(["0.5"], answer.Values("loginsperminute"));
        (await bard.AdministerAsync("user-stats", Given("accountjid", "nobody@localhost")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.ItemNotFound);
    }
}
