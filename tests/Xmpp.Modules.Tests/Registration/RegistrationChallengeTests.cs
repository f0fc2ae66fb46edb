using System.Globalization;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Modules.Registration;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Registration;

/// <summary>XEP-0158: what those have to do who are not invited.</summary>
public sealed class RegistrationChallengeTests
{
    private static readonly RegistrationOptions Question = new()
    {
        Access = RegistrationAccess.Open,
        Questions = ["Which colour has a stop light? | red | Crimson"],
    };

    [Theory]
    [InlineData("red")]
    [InlineData(" CRIMSON ")]
    public async Task Who_knows_the_answer_registers(string answer)
    {
        await using var server = await Registering.StartAsync(Question);
        var bill = await server.OpenStreamAsync();
        var form = await AskAsync(bill);

        Assert.Equal(Registering.Ns, form.FormType);
        Assert.Equal(["FORM_TYPE", "challenge", "sid", "answers", "qa", "username", "password"], form.Fields.Select(field => field.Var));
        Assert.Equal(("reg1", "1"), (form.Value("sid"), form.Value("answers")));
        Assert.Equal("Which colour has a stop light?", form.Field("qa")!.Label);
        Assert.True(form.Field("username")!.IsRequired && form.Field("password")!.IsRequired);

        await SubmitAsync(bill, form.Value("challenge"), "qa", answer);
        await bill.ExpectRegisteredAsync();
        await bill.LoginAsync("bill");
    }

    [Fact]
    public async Task A_wrong_answer_is_the_only_one_that_a_challenge_gets()
    {
        await using var server = await Registering.StartAsync(Question);
        var bill = await server.OpenStreamAsync();
        var challenge = (await AskAsync(bill)).Value("challenge");

        await SubmitAsync(bill, challenge, "qa", "green");
        var error = StanzaError.Parse(await bill.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable));
        Assert.Equal(StanzaErrorType.Cancel, error!.Type);

        await SubmitAsync(bill, challenge, "qa", "red");
        await bill.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        var another = (await AskAsync(bill)).Value("challenge");
        Assert.NotEqual(challenge, another);
        await SubmitAsync(bill, another, "qa", "red");
        await bill.ExpectRegisteredAsync();
    }

    [Fact]
    public async Task A_right_answer_holds_until_a_name_is_found()
    {
        await using var server = await Registering.StartAsync(Question);
        var bill = await server.OpenStreamAsync();
        var challenge = (await AskAsync(bill)).Value("challenge");

        await SubmitAsync(bill, challenge, "qa", "red", name: "admin");
        await bill.ExpectErrorAsync(StanzaErrorCondition.Conflict);

        await SubmitAsync(bill, challenge, "qa", "red");
        await bill.ExpectRegisteredAsync();
    }

    [Fact]
    public async Task The_form_has_to_be_asked_for_and_filled_out()
    {
        await using var server = await Registering.StartAsync(Question);
        var bill = await server.OpenStreamAsync();

        await SubmitAsync(bill, "guessed", "qa", "red");
        await bill.ExpectErrorAsync(StanzaErrorCondition.ServiceUnavailable);
        await bill.RegisterAsync("bill");
        await bill.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
        await SubmitAsync(bill, (await AskAsync(bill)).Value("challenge"), "other", "red");
        await bill.ExpectErrorAsync(StanzaErrorCondition.NotAcceptable);
    }

    [Fact]
    public async Task Work_is_as_good_as_an_answer()
    {
        await using var server = await Registering.StartAsync(Question with { ProofOfWorkBits = 6 });
        var bill = await server.OpenStreamAsync();
        var form = await AskAsync(bill);
        var number = uint.Parse(form.Field("SHA-256")!.Label!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        Assert.InRange(number, 0x20u, 0x3Fu);

        var text = Enumerable.Range(0, int.MaxValue).Select(i => $"localhost{i}")
            .First(text => RegistrationChallenge.IsWork(text, "localhost", number, 6));
        await SubmitAsync(bill, form.Value("challenge"), "SHA-256", text);

        await bill.ExpectRegisteredAsync();
    }

    /// <summary>The text is that of §7.2, whose number (the second) is not that of the text.</summary>
    [Theory]
    [InlineData("innocent@victim.com2450F06C173B05E3", "innocent@victim.com", 0xd3a8b, 20, true)]
    [InlineData("innocent@victim.com2450F06C173B05E3", "innocent@victim.com", 0xe03d7, 20, false)]
    [InlineData("innocent@victim.com2450F06C173B05E3", "romeo@montague.net", 0xd3a8b, 20, false)]
    [InlineData("innocent@victim.com2450F06C173B05E3", "innocent@victim.com", 1, 1, true)]
    public void Work_is_text_whose_hash_ends_in_the_number(string text, string address, uint number, int bits, bool isWork) =>
        Assert.Equal(isWork, RegistrationChallenge.IsWork(text, address, number, bits));

    private static async Task<DataForm> AskAsync(TestClient client)
    {
        await client.SendAsync("<iq type='get' id='reg1'><query xmlns='jabber:iq:register'/></iq>");
        var query = (await client.ReadAsync()).Child(Registering.Ns, "query")!;
        // §5: the fields of old would not do.
        Assert.Equal(["instructions", "x"], query.Elements.Select(child => child.Name.Local));
        return DataForm.Parse(query.Child(DataForm.Name))!;
    }

    private static ValueTask SubmitAsync(TestClient client, string? challenge, string field, string answer, string name = "bill")
    {
        var form = DataForm.Of(DataFormType.Submit, Registering.Ns,
        [
            FormField.Hidden("challenge", challenge!), FormField.Text(field, null, answer), FormField.Text("username", null, name),
            FormField.Text("password", null, Registering.Password),
        ]);
        return client.SendAsync($"<iq type='set' id='reg'>{new Element(Registering.Ns, "query", form.ToElement())}</iq>");
    }
}
