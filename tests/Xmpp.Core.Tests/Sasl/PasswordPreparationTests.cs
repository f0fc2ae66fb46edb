using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class PasswordPreparationTests
{
    [Theory]
    // RFC 4013 §3
    [InlineData("I\u00ADX", "IX")]
    [InlineData("user", "user")]
    [InlineData("USER", "USER")]
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    // Spaces, and what nobody sees
    [InlineData("correct horse", "correct horse")]
    [InlineData(" ~ ", " ~ ")]
    [InlineData("a\u00A0b\u3000c\u2003d", "a b c d")]
    [InlineData("\u200Da\uFEFFb\uFE0F\u2060", "ab")]
    // Form KC of Unicode 3.2, by another implementation
    [InlineData("\u00B2\u00B3\u00B5", "23\u03BC")]
    [InlineData("\u00B4", " \u0301")]
    [InlineData("\u00BD", "1\u20442")]
    [InlineData("\uFF21\uFF5A", "Az")]
    [InlineData("\uFB01", "fi")]
    [InlineData("\uFDFA", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064A\u0647 \u0648\u0633\u0644\u0645")]
    [InlineData("\U0001D400", "A")]
    [InlineData("\u3131\u314F", "\uAC00")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u1E9B\u0323", "\u1E69")]
    [InlineData("\u33C2", "a.m.")]
    [InlineData("\uFF76\uFF9E", "\u30AC")]
    [InlineData("\u212B\u2126", "\u00C5\u03A9")]
    // Left to the clients: right-to-left letters before a digit, and what Unicode 3.2 didn't have
    [InlineData("\u0627\u0031", "\u06271")]
    [InlineData("\U0001F600", "\U0001F600")]
    public void A_password_is_prepared_as_clients_prepare_it(string password, string prepared)
    {
        Assert.True(PasswordPreparation.TryPrepare(password, out var result));
        Assert.Equal(prepared, result);
        Assert.True(PasswordPreparation.TryPrepare(result, out var again));
        Assert.Equal(prepared, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u00AD")]
    [InlineData("\u0007")]
    [InlineData("tab\t")]
    [InlineData("\u007F")]
    [InlineData("\u0085")]
    [InlineData("a\u2028b")]
    [InlineData("a\u200Eb")]
    [InlineData("\uE000")]
    [InlineData("\U0010FFFF")]
    [InlineData("\uFDD0")]
    [InlineData("\uFFFD")]
    [InlineData("\u2FF0")]
    [InlineData("\U000E0041")]
    public void What_no_password_may_hold_is_refused(string password)
    {
        Assert.False(PasswordPreparation.TryPrepare(password, out _));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        Assert.False(PasswordPreparation.TryPrepare("a" + '\uD83D', out _));
    }

    [Fact]
    public async Task A_password_typed_in_another_form_logs_in_either_way()
    {
        var scene = new SaslScene().Add("pia", PasswordKeys.Create("contrase\u00F1a \u00BA", 16));
        var scram = new ScramMechanism(ScramHash.Sha1, bindsChannel: false, scene.Decoys).Start(scene.Context);
        var plain = new PlainMechanism(scene.Decoys).Start(scene.Context);

        SaslScene.AssertSucceeds(await SaslScene.Send(plain, "\0pia\0contrasen\u0303a\u00A0\u00BA"));
        SaslScene.AssertSucceeds(await new ScramClient(new("SHA1"), "pia", "contrase\u00F1a o").LogInAsync(scram));
    }
}
