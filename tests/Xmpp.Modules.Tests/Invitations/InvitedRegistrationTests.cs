using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Modules.Registration;
using Xmpp.Modules.Tests.Registration;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Invitations;

/// <summary>XEP-0445: who has an invitation makes an account.</summary>
public sealed class InvitedRegistrationTests
{
    [Theory]
    [InlineData(RegistrationAccess.Invited)]
    [InlineData(RegistrationAccess.Open)]
    public async Task Who_is_invited_shows_it_and_registers_once(RegistrationAccess access)
    {
        await using var server = await Inviting.StartAsync(access);
        var token = await server.InviteAsync();
        var juliet = server.Connect();
        Assert.NotNull((await juliet.OpenAsync()).Child("urn:xmpp:ibr-token:0", "register"));

        await juliet.ShowAsync(token);
        await juliet.ExpectAsync("<iq type='result' id='pa1' from='localhost'/>");
        await juliet.RegisterAsync("juliet");
        await juliet.ExpectRegisteredAsync();
        await juliet.LoginAsync("juliet");

        var another = await server.OpenStreamAsync();
        await another.ShowAsync(token);
        await another.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    [Fact]
    public async Task Where_an_invitation_is_needed_nobody_registers_without()
    {
        await using var server = await Inviting.StartAsync();
        var bill = server.Connect();
        Assert.NotNull((await bill.OpenAsync()).Child(Registering.Feature, "register"));

        await bill.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>");
        await bill.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
        await bill.RegisterAsync("bill");
        await bill.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
    }

    [Fact]
    public async Task Where_nobody_registers_invitations_are_not_looked_at()
    {
        await using var server = await Inviting.StartAsync(RegistrationAccess.Closed);
        var token = await server.InviteAsync();
        var bill = server.Connect();
        Assert.Null((await bill.OpenAsync()).Child("urn:xmpp:ibr-token:0", "register"));

        await bill.ShowAsync(token);

        await bill.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Fact]
    public async Task An_invitation_that_is_unknown_expired_for_another_host_or_for_contacts_only_is_not_found()
    {
        await using var server = await Inviting.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var elsewhere = await server.InviteAsync(Inviting.Wish with { Host = "example.org" });
        var contact = await server.InviteAsync(Inviting.Wish with { AllowsAccount = false, Inviter = Jid.Parse("romeo@localhost") });
        var late = await server.InviteAsync();
        server.Time.Advance(TimeSpan.FromDays(7));
        var bill = await server.OpenStreamAsync();

        foreach (var token in new[] { "unknown", elsewhere, contact, late })
        {
            await bill.ShowAsync(token);
            var error = StanzaError.Parse(await bill.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound));
            Assert.Equal(StanzaErrorType.Cancel, error!.Type);
        }
        await bill.SendAsync("<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0'/></iq>");
        await bill.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
    }

    [Fact]
    public async Task Who_tries_many_is_shown_the_door()
    {
        await using var server = await Inviting.StartAsync();
        var bill = await server.OpenStreamAsync();
        for (var i = 0; i < 10; i++)
        {
            await bill.ShowAsync($"guess{i}");
            await bill.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
        }

        await bill.ShowAsync("guess11");

        await bill.ExpectStreamErrorAsync(StreamErrorCondition.PolicyViolation);
    }

    /// <summary>§4: "MUST only be checked at this point".</summary>
    [Fact]
    public async Task An_invitation_that_was_shown_in_time_holds_until_the_form_is_filled_out()
    {
        await using var server = await Inviting.StartAsync();
        var token = await server.InviteAsync();
        server.Time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromMinutes(1));
        var juliet = await server.ArriveAsync(token);

        server.Time.Advance(TimeSpan.FromMinutes(5));
        await server.InviteAsync(); // Which forgets those that have expired.
        await juliet.RegisterAsync("juliet");

        await juliet.ExpectRegisteredAsync();
    }

    /// <summary>§4: "MUST NOT be considered used until the actual registration has succeeded".</summary>
    [Fact]
    public async Task What_fails_does_not_use_it_up()
    {
        await using var server = await Inviting.StartAsync();
        await server.CreateAccountAsync(Jid.Parse("romeo@localhost"));
        var token = await server.InviteAsync();
        var juliet = await server.ArriveAsync(token);
        await juliet.RegisterAsync("romeo");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.Conflict);
        await juliet.RegisterAsync("juliet", "short");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        juliet.Drop();

        var again = await server.ArriveAsync(token);
        await again.RegisterAsync("juliet");

        await again.ExpectRegisteredAsync();
        Assert.Equal(0, await server.CountInvitationsAsync());
    }

    [Fact]
    public async Task Of_two_who_show_the_same_one_registers()
    {
        await using var server = await Inviting.StartAsync();
        var token = await server.InviteAsync();
        var (one, two) = (await server.ArriveAsync(token), await server.ArriveAsync(token));

        await one.RegisterAsync("one");
        await one.ExpectRegisteredAsync();
        await two.RegisterAsync("two");

        await two.ExpectErrorAsync(StanzaErrorCondition.NotAllowed);
        var three = await server.OpenStreamAsync();
        await three.AuthenticateAsync("two", Registering.Password);
        await three.ExpectFailureAsync("not-authorized");
    }

    [Fact]
    public async Task One_for_several_is_used_as_often_as_it_says()
    {
        await using var server = await Inviting.StartAsync();
        var token = await server.InviteAsync(Inviting.Wish with { Uses = 2 });
        var clients = new List<TestClient>();
        for (var i = 0; i < 3; i++)
            clients.Add(await server.ArriveAsync(token));

        foreach (var (i, client) in clients.Index())
            await client.RegisterAsync($"guest{i}");
        var answers = await Task.WhenAll(clients.Select(client => client.ReadAsync()));

        Assert.Equal(["error", "result", "result"], answers.Select(answer => answer["type"]).Order());
    }

    [Fact]
    public async Task A_name_that_is_reserved_is_for_the_invited_only()
    {
        await using var server = await Inviting.StartAsync(RegistrationAccess.Open);
        var token = await server.InviteAsync(Inviting.Wish with { Username = "Juliet" });
        var bill = await server.OpenStreamAsync();
        await bill.RegisterAsync("juliet");
        await bill.ExpectErrorAsync(StanzaErrorCondition.Conflict);

        var juliet = await server.ArriveAsync(token);
        await juliet.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>");
        var query = (await juliet.ReadAsync()).Child(Registering.Ns, "query")!;
        Assert.Equal("juliet", query.Child(Registering.Ns, "username")!.Text);
        await juliet.RegisterAsync("capulet");
        await juliet.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await juliet.RegisterAsync("juliet");
        await juliet.ExpectRegisteredAsync();
    }

    [Fact]
    public async Task A_name_is_free_again_when_the_invitation_has_expired()
    {
        await using var server = await Inviting.StartAsync(RegistrationAccess.Open);
        await server.InviteAsync(Inviting.Wish with { Username = "juliet" });

        server.Time.Advance(TimeSpan.FromDays(7));

        await server.RegisterAsync("juliet");
    }

    [Fact]
    public async Task By_name_one_can_be_invited_to_what_is_reserved()
    {
        await using var server = await Inviting.StartAsync();
        var juliet = await server.ArriveAsync(await server.InviteAsync(Inviting.Wish with { Username = "admin" }));

        await juliet.RegisterAsync("admin");

        await juliet.ExpectRegisteredAsync();
    }

    [Fact]
    public async Task The_invited_answer_no_question_and_are_not_counted_by_address()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with
            {
                Registration = new() { Access = RegistrationAccess.Open, Questions = ["1 + 1 | 2"], AccountsPerAddress = 1 },
            },
        });
        var token = await server.InviteAsync(Inviting.Wish with { Uses = 3 });
        for (var i = 0; i < 3; i++)
        {
            var guest = await server.ArriveAsync(token);
            await guest.RegisterAsync($"guest{i}");
            await guest.ExpectRegisteredAsync();
        }
    }
}
