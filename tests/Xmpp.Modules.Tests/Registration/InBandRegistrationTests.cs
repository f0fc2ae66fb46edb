using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Modules.Registration;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Registration;

/// <summary>XEP-0077 §3.1: who has no account makes one.</summary>
public sealed class InBandRegistrationTests
{
    [Fact]
    public async Task Who_has_no_account_asks_what_is_needed_registers_and_logs_in()
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = server.Connect();
        Assert.NotNull((await bill.OpenAsync()).Child(Registering.Feature, "register"));

        await bill.SendAsync("<iq type='get' id='reg1' to='localhost'><query xmlns='jabber:iq:register'/></iq>");
        await bill.ExpectAsync(
            "<iq type='result' id='reg1' from='localhost'><query xmlns='jabber:iq:register'><instructions>Choose a username, and a "
            + "password of at least 8 characters, for use with this service.</instructions><username/><password/></query></iq>");

        await bill.RegisterAsync("bill");
        await bill.ExpectRegisteredAsync();

        await bill.LoginAsync("bill");
        Assert.Equal("bill@localhost", bill.Jid.Bare.ToString());
    }

    [Fact]
    public async Task It_is_offered_only_when_the_stream_is_protected_and_nobody_has_logged_in()
    {
        await using var server = await Registering.StartOpenAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var clear = server.Connect(ListenerTls.StartTls);

        Assert.Null((await clear.OpenAsync()).Child(Registering.Feature, "register"));
        await clear.RegisterAsync("bill");
        await clear.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);

        var juliet = await server.OpenStreamAsync();
        await juliet.AuthenticateAsync("juliet", TestServer.Password);
        await juliet.ReadAsync();
        Assert.Null((await juliet.OpenAsync()).Child(Registering.Feature, "register"));
        await juliet.RegisterAsync("bill");
        await juliet.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("set")]
    public async Task It_is_off_unless_the_operator_wants_it(string type)
    {
        await using var server = await TestServer.StartAsync();
        var bill = server.Connect();
        Assert.Null((await bill.OpenAsync()).Child(Registering.Feature, "register"));

        await bill.SendAsync($"<iq type='{type}' id='reg1'><query xmlns='jabber:iq:register'/></iq>");

        await bill.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
    }

    [Theory]
    [InlineData("<iq type='get' id='1'><query xmlns='jabber:iq:version'/></iq>")]
    [InlineData("<iq type='get' id='1' to='elsewhere'><query xmlns='jabber:iq:register'/></iq>")]
    [InlineData("<iq type='result' id='1'><query xmlns='jabber:iq:register'/></iq>")]
    [InlineData("<iq type='get' id='1'/>")]
    [InlineData("<message/>")]
    public async Task Nothing_else_is_answered_before_the_login(string stanza)
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();

        await bill.SendAsync(stanza);

        await bill.ExpectStreamErrorAsync(StreamErrorCondition.NotAuthorized);
    }

    [Theory]
    [InlineData("<iq type='get'><query xmlns='jabber:iq:register'/></iq>")]
    [InlineData("<iq type='get' id='1'><query xmlns='jabber:iq:register'/><x xmlns='y'/></iq>")]
    public async Task A_request_has_an_id_and_one_child(string stanza)
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();

        await bill.SendAsync(stanza);

        await bill.ExpectErrorAsync(StanzaErrorCondition.BadRequest);
    }

    [Theory]
    [InlineData("juliet")]
    [InlineData("Juliet")]
    [InlineData("juliet@localhost")]
    public async Task A_name_that_is_taken_is_a_conflict(string name)
    {
        await using var server = await Registering.StartOpenAsync();
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var bill = await server.OpenStreamAsync();

        await bill.RegisterAsync(name);

        var error = await bill.ExpectErrorAsync(StanzaErrorCondition.Conflict);
        Assert.Equal(StanzaErrorType.Cancel, StanzaError.Parse(error)!.Type);
        Assert.DoesNotContain(Registering.Password, error.ToString(), StringComparison.Ordinal);
        await bill.RegisterAsync("bill");
        await bill.ExpectRegisteredAsync();
    }

    [Theory]
    [InlineData(null, "long enough")]
    [InlineData("", "long enough")]
    [InlineData("bill", null)]
    [InlineData("bill", "")]
    [InlineData("bill", "short")]
    [InlineData("bill", "a bell\u0007 in it")]
    [InlineData("bi ll", "long enough")]
    [InlineData("bill/home", "long enough")]
    [InlineData("bill@elsewhere", "long enough")]
    public async Task What_is_missing_or_invalid_is_not_acceptable(string? name, string? password)
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();

        await bill.RegisterAsync(name, password?.Replace('\u0007', '\u009F'));

        var error = StanzaError.Parse(await bill.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable));
        Assert.Equal(StanzaErrorType.Modify, error!.Type);
    }

    [Fact]
    public async Task A_password_that_could_not_be_sent_at_login_is_not_acceptable()
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();

        await bill.RegisterAsync("bill", new string('x', 1024));
        await bill.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await bill.RegisterAsync("bill", new string('x', 1023));
        await bill.ExpectRegisteredAsync();
    }

    /// <summary>RFC 7613's names, RFC 4013's passwords.</summary>
    [Fact]
    public async Task Name_and_password_are_prepared()
    {
        await using var server = await Registering.StartOpenAsync();

        await server.RegisterAsync("JÜLIET", "Passwort Ⅳ");

        var juliet = await server.LoginWithAsync("jüliet", "Passwort IV");
        Assert.Equal("jüliet@localhost", juliet.Jid.Bare.ToString());
    }

    [Theory]
    [InlineData("abuse")]
    [InlineData("Postmaster")]
    public async Task Names_that_are_reserved_are_taken(string name)
    {
        await using var server = await Registering.StartAsync(
            new() { Access = RegistrationAccess.Open, ReservedNames = ["ABUSE", "postmaster"] });
        var bill = await server.OpenStreamAsync();

        await bill.RegisterAsync(name);

        await bill.ExpectErrorAsync(StanzaErrorCondition.Conflict);
    }

    [Fact]
    public async Task Nobody_becomes_an_administrator_by_name()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Administrators = ["lord@localhost"],
            Modules = options.Modules with { Registration = new() { Access = RegistrationAccess.Open } },
        });
        var bill = await server.OpenStreamAsync();

        await bill.RegisterAsync("lord");

        await bill.ExpectErrorAsync(StanzaErrorCondition.Conflict);
    }

    [Fact]
    public async Task Who_has_registered_logs_in_and_does_not_register_again()
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();
        await bill.RegisterAsync("bill");
        await bill.ExpectRegisteredAsync();

        await bill.RegisterAsync("francis");

        await bill.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await bill.LoginAsync("bill");
    }

    [Fact]
    public async Task An_address_makes_a_few_accounts_in_an_hour()
    {
        await using var server = await Registering.StartAsync(new() { Access = RegistrationAccess.Open, AccountsPerAddress = 2 });
        foreach (var (name, address) in new[] { ("one", "2001:db8::1"), ("two", "2001:db8::2"), ("three", "2001:db8:0:1::1") })
        {
            var client = await server.OpenStreamAsync(address);
            await client.RegisterAsync(name);
            await client.ExpectRegisteredAsync();
        }

        var another = await server.OpenStreamAsync("2001:db8::3");
        await another.RegisterAsync("four");
        var error = StanzaError.Parse(await another.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint));
        Assert.Equal(StanzaErrorType.Wait, error!.Type);

        server.Time.Advance(TimeSpan.FromHours(1));
        var later = await server.OpenStreamAsync("2001:db8::3");
        await later.RegisterAsync("four");
        await later.ExpectRegisteredAsync();
    }

    [Fact]
    public async Task Attempts_are_limited_as_well()
    {
        await using var server = await Registering.StartAsync(new() { Access = RegistrationAccess.Open, AccountsPerAddress = 1 });
        await server.CreateAccountAsync(Jid.Parse("juliet@localhost"));
        var bill = await server.OpenStreamAsync();
        for (var i = 0; i < 10; i++)
        {
            await bill.RegisterAsync("juliet");
            await bill.ExpectErrorAsync(StanzaErrorCondition.Conflict);
        }

        await bill.RegisterAsync("bill");

        await bill.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
    }

    [Fact]
    public async Task Who_fills_out_the_form_has_more_time()
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();
        await bill.SendAsync("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>");
        await bill.ReadAsync();

        server.Time.Advance(TimeSpan.FromMinutes(6));
        await bill.RegisterAsync("bill");
        await bill.ExpectRegisteredAsync();

        server.Time.Advance(TimeSpan.FromSeconds(2));
        await bill.ExpectStreamErrorAsync(StreamErrorCondition.ConnectionTimeout);
    }

    [Theory]
    [InlineData("<remove/>")]
    [InlineData("<remove/><username>juliet</username>")]
    public async Task Who_has_not_logged_in_removes_nothing(string content)
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();

        await bill.SendAsync($"<iq type='set' id='1'><query xmlns='jabber:iq:register'>{content}</query></iq>");

        await bill.ExpectErrorAsync(StanzaErrorCondition.UnexpectedRequest);
    }

    [Fact]
    public async Task A_store_that_fails_makes_no_account()
    {
        await using var server = await Registering.StartOpenAsync();
        var bill = await server.OpenStreamAsync();
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        await bill.RegisterAsync("bill");

        await bill.ExpectErrorAsync(StanzaErrorCondition.ResourceConstraint);
        server.Store.Failure = null;
        await bill.RegisterAsync("bill");
        await bill.ExpectRegisteredAsync();
    }

    [Fact]
    public async Task It_is_announced()
    {
        await using var server = await TestServer.StartAsync();
        var juliet = await server.ConnectAsync("juliet");

        Assert.Contains(Registering.Ns, Discovery.Parse(await juliet.InfoAsync("localhost")).Features);
    }
}
