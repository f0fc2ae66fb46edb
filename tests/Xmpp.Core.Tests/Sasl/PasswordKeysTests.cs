using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class PasswordKeysTests
{
    [Fact]
    public void Keys_are_made_for_every_hash_with_a_salt_each()
    {
        var keys = PasswordKeys.Create("pencil", 16);

        Assert.Equal(["SHA-1", "SHA-256", "SHA-512"], keys.Select(key => key.Hash).Order(StringComparer.Ordinal));
        Assert.All(keys, key => Assert.Equal((16, 16), (key.Salt.Length, key.Iterations)));
        Assert.Equal(3, keys.Select(key => Convert.ToHexString(key.Salt.Span)).Distinct().Count());
        Assert.All(keys, key => Assert.Equal(key.StoredKey.Length, ScramHash.All.Single(hash => hash.Name == key.Hash).Length));
    }

    /// <summary>StoredKey and ServerKey of RFC 5802 §5's example, computed with another implementation.</summary>
    [Fact]
    public void Keys_are_those_of_the_specification()
    {
        var keys = ScramKeyDerivation.Derive("pencil", ScramHash.Sha1, Convert.FromBase64String("QSXCR+Q6sek8bf92"), 4096);

        Assert.Equal("6dlGYMOdZcOPutkcNY8U2g7vK9Y=", Convert.ToBase64String(keys.StoredKey.Span));
        Assert.Equal("D+CSWLOshSulAsxiupA+qs2/fTE=", Convert.ToBase64String(keys.ServerKey.Span));
    }

    [Fact]
    public void A_password_fits_the_keys_made_of_it_and_no_other_does()
    {
        var keys = PasswordKeys.Create("pencil", 16);

        Assert.True(PasswordKeys.Verify("pencil", keys));
        Assert.False(PasswordKeys.Verify("Pencil", keys));
        Assert.False(PasswordKeys.Verify("pencil ", keys));
        Assert.False(PasswordKeys.Verify("", keys));
        Assert.False(PasswordKeys.Verify("pencil", []));
    }

    [Fact]
    public void The_strongest_hash_decides()
    {
        var weak = PasswordKeys.Find(PasswordKeys.Create("old", 16), ScramHash.Sha1)!;
        var strong = PasswordKeys.Find(PasswordKeys.Create("new", 16), ScramHash.Sha512)!;

        Assert.True(PasswordKeys.Verify("new", [weak, strong]));
        Assert.False(PasswordKeys.Verify("old", [weak, strong]));
        Assert.True(PasswordKeys.Verify("old", [weak]));
    }

    [Fact]
    public void No_password_fits_a_decoy()
    {
        var decoys = DecoyKeys.Random(16);
        var keys = decoys.For(Jid.Parse("nobody@example.org"), ScramHash.Sha512);

        Assert.False(PasswordKeys.Verify("pencil", [keys]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pen\u0000cil")]
    [InlineData("pen\ncil")]
    public void What_is_no_password_gets_no_keys(string password)
    {
        Assert.Throws<FormatException>(() => PasswordKeys.Create(password, 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => PasswordKeys.Create("pencil", 0));
    }
}
