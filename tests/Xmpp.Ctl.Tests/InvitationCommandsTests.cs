using System.Text.RegularExpressions;
using Xmpp.Modules.Registration;
using Xunit;

namespace Xmpp.Ctl.Tests;

public sealed class InvitationCommandsTests : CtlFixture
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_invitation_lives_from_invite_to_revoke_with_and_without_a_server(bool withServer)
    {
        Start(withServer);

        Assert.Equal(ExitCode.Ok, await RunAsync("invite"));
        Assert.Matches("^xmpp:localhost\\?register;preauth=[A-Za-z0-9]{24}\n$", Printed);
        var token = Printed[^25..^1];

        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "list"));
        Assert.Equal([token, "localhost", "-", "1"], Assert.Single(Rows)[..4]);
        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "revoke", token));
        Assert.Equal($"Revoked {token}.\n", Printed);
        Assert.Equal(ExitCode.Failed, await RunAsync("invite", "revoke", token));
        Assert.Equal($"There is no invitation {token}.\n", Complaints);
        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "list", "localhost"));
        Assert.Empty(Rows);
    }

    /// <summary>XEP-0379 §3.2, XEP-0401 §5, XEP-0445 §2.</summary>
    [Theory]
    [InlineData("--host example.org", "xmpp:example.org?register;preauth=TOKEN")]
    [InlineData("--username Juliet", "xmpp:juliet@localhost?register;preauth=TOKEN")]
    [InlineData("--username jüliet&co --host example.org", null)]
    [InlineData("--username jüliet --host example.org", "xmpp:j%C3%BCliet@example.org?register;preauth=TOKEN")]
    [InlineData("--contact romeo@example.org", "xmpp:romeo@example.org?roster;preauth=TOKEN;ibr=y")]
    [InlineData("--contact romeo@example.org --username juliet", "xmpp:juliet@example.org?register;preauth=TOKEN")]
    [InlineData("--contact romeo@example.org --host localhost", "xmpp:localhost?register;preauth=TOKEN")]
    public async Task The_uri_says_what_it_is_for(string arguments, string? uri)
    {
        Start(withServer: true);
        await AddAccountAsync("romeo@example.org");

        var code = await RunAsync(["invite", .. arguments.Split(' ')]);

        Assert.Equal(uri is null ? ExitCode.Failed : ExitCode.Ok, code);
        if (uri is not null)
            Assert.Equal(uri, Regex.Replace(Printed.TrimEnd(), "preauth=[A-Za-z0-9]{24}", "preauth=TOKEN"));
    }

    [Fact]
    public async Task It_ends_when_it_was_said_to()
    {
        Start(withServer: false);

        var week = await JsonAsync("invite");
        var hours = await JsonAsync("invite", "--expires", "12h", "--uses", "3");

        Assert.InRange((DateTimeOffset)week["expires"]! - DateTimeOffset.UtcNow, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
        Assert.InRange((DateTimeOffset)hours["expires"]! - DateTimeOffset.UtcNow, TimeSpan.FromHours(11.9), TimeSpan.FromHours(12));
        Assert.Equal(3, (int)hours["uses"]!);
        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "list"));
        Assert.Equal([(string)hours["token"]!, (string)week["token"]!], Rows.Select(row => row[0]));
    }

    [Theory]
    [InlineData(
        "--host elsewhere.example", ExitCode.Failed, "elsewhere.example is not served here; the hosts are: localhost, example.org\n")]
    [InlineData("--contact nobody@localhost", ExitCode.Failed, "There is no account nobody@localhost.\n")]
    [InlineData("--username romeo", ExitCode.Failed, "The username romeo is taken.\n")]
    [InlineData("--username reserved", ExitCode.Failed, "The username reserved is taken.\n")]
    [InlineData("--username a@b", ExitCode.Failed, "'a@b' can't be a username.\n")]
    [InlineData("--uses 0", ExitCode.Usage, "--uses: expected a number from 1 to 1000000\n")]
    [InlineData("--username juliet --uses 2", ExitCode.Usage, "A name can be used once only: leave out --uses, or --username.\n")]
    public async Task What_cannot_be_invited_to_is_said(string arguments, ExitCode code, string complaint)
    {
        Start(withServer: false);
        await AddAccountAsync("romeo@localhost");
        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "--username", "reserved"));

        Assert.Equal(code, await RunAsync(["invite", .. arguments.Split(' ')]));

        Assert.Equal(complaint, Complaints);
        Assert.Empty(Printed);
    }

    [Theory]
    [InlineData("--expires", "soon")]
    [InlineData("--expires", "1s")]
    [InlineData("--contact", "localhost")]
    [InlineData("--contact", "romeo@localhost/orchard")]
    public async Task Options_are_checked(string option, string value)
    {
        Start(withServer: false);

        Assert.Equal(ExitCode.Usage, await RunAsync("invite", option, value));
    }

    [Fact]
    public async Task Where_nobody_can_register_only_contacts_are_invited()
    {
        await AddAccountAsync("romeo@localhost");

        Assert.Equal(ExitCode.Failed, await RunAsync("invite"));
        Assert.Contains("modules.registration.access", Complaints, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "--contact", "romeo@localhost"));
        Assert.Matches("^xmpp:romeo@localhost\\?roster;preauth=[A-Za-z0-9]{24}\n$", Printed);
        Assert.Equal(ExitCode.Ok, await RunAsync("invite", "list"));
        Assert.Equal(["-", "romeo@localhost"], Assert.Single(Rows)[1..3]);
    }

    [Fact]
    public async Task A_page_that_explains_is_shown_too()
    {
        Configure("""
            "modules": {
              "registration": { "access": "invited" },
              "invitations": { "landingPage": "https://join.example.org/#" }
            }
            """);

        Assert.Equal(ExitCode.Ok, await RunAsync("invite"));

        Assert.Matches("^xmpp:(localhost\\?register;preauth=[A-Za-z0-9]{24})\nhttps://join\\.example\\.org/#\\1\n$", Printed);
    }

    private void Start(bool withServer)
    {
        Configure(""" "modules": { "registration": { "access": "invited" } } """);
        if (!withServer)
            return;
        StartServer();
        Server!.Options = Server.Options with
        {
            Modules = new() { Registration = new() { Access = RegistrationAccess.Invited } },
        };
    }

    private void Configure(string more)
    {
        var text = File.ReadAllText(ConfigurationFile);
        File.WriteAllText(ConfigurationFile, $"{text[..text.LastIndexOf('}')]}, {more} }}");
    }

    private async Task AddAccountAsync(string jid)
    {
        Input = "secret\n";
        Assert.Equal(ExitCode.Ok, await RunAsync("user", "add", jid, "--password-stdin"));
    }
}
