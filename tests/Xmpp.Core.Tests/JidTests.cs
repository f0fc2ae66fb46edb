using System.Text;
using Xunit;

namespace Xmpp.Core.Tests;

public sealed class JidTests
{
    [Theory]
    [InlineData("juliet@example.com", "juliet", "example.com", null)] // 1
    [InlineData("juliet@example.com/foo", "juliet", "example.com", "foo")]
    [InlineData("juliet@example.com/foo bar", "juliet", "example.com", "foo bar")]
    [InlineData("juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar")]
    [InlineData(@"foo\20bar@example.com", @"foo\20bar", "example.com", null)] // 5
    [InlineData("fussball@example.com", "fussball", "example.com", null)]
    [InlineData("fu\u00DFball@example.com", "fu\u00DFball", "example.com", null)]
    [InlineData("\u03C0@example.com", "\u03C0", "example.com", null)]
    [InlineData("\u03A3@example.com/foo", "\u03C3", "example.com", "foo")]
    [InlineData("\u03C3@example.com/foo", "\u03C3", "example.com", "foo")] // 10
    [InlineData("\u03C2@example.com/foo", "\u03C2", "example.com", "foo")]
    [InlineData("king@example.com/\u265A", "king", "example.com", "\u265A")]
    [InlineData("example.com", null, "example.com", null)]
    [InlineData("example.com/foobar", null, "example.com", "foobar")]
    [InlineData("a.example.com/b@example.net", null, "a.example.com", "b@example.net")] // 15
    public void The_legal_jids_of_rfc_7622_parse(string text, string? local, string domain, string? resource)
    {
        var jid = Jid.Parse(text);

        Assert.Equal((local, domain, resource), (jid.Local, jid.Domain, jid.Resource));
    }

    [Theory]
    [InlineData("\"juliet\"@example.com")] // 16
    [InlineData("foo bar@example.com")]
    [InlineData("juliet@example.com/ foo")]
    [InlineData("@example.com/")]
    [InlineData("henry\u2163@example.com")] // 20
    [InlineData("\u265A@example.com")]
    [InlineData("juliet@")]
    [InlineData("/foobar")]
    public void The_illegal_jids_of_rfc_7622_do_not_parse(string text)
    {
        Assert.False(Jid.TryParse(text, out var jid));
        Assert.Null(jid);
        Assert.Throws<FormatException>(() => Jid.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("/")]
    [InlineData("@/")]
    [InlineData("@example.com")]
    [InlineData("example.com/")]
    [InlineData("juliet@example.com/")]
    [InlineData("juliet@/foo")]
    [InlineData("juliet@capulet@example.com")]
    [InlineData("juliet@example.com/foo\tbar")]
    [InlineData("juliet@example.com/foo\u0000")]
    [InlineData("juliet\uFF20capulet@example.com")] // a fullwidth @ is mapped to one
    [InlineData("juliet\uFF0Fcapulet@example.com")] // and a fullwidth / too
    [InlineData("juliet@example.com/\u00A0foo")] // a leading space by way of mapping
    [InlineData("juliet@example.com/\u0378")] // unassigned
    public void What_lacks_a_part_or_holds_a_forbidden_character_does_not_parse(string text) => Assert.False(Jid.TryParse(text, out _));

    [Theory]
    [InlineData("\"")]
    [InlineData("&")]
    [InlineData("'")]
    [InlineData("/")]
    [InlineData(":")]
    [InlineData("<")]
    [InlineData(">")]
    [InlineData("@")]
    public void A_localpart_has_none_of_the_characters_that_rfc_7622_excludes(string character)
    {
        Assert.False(Jid.TryCreate($"a{character}b", "example.com", null, out _));

        var width = (char)(character[0] + 0xFEE0);
        Assert.False(Jid.TryCreate($"a{width}b", "example.com", null, out _));
    }

    [Fact]
    public void The_localpart_allows_every_other_printable_ascii_character()
    {
        const string allowed = "!#$%()*+,-.0123456789;=?[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

        Assert.Equal(allowed, Jid.Parse($"{allowed}@example.com").Local);
    }

    [Theory]
    [InlineData("Juliet@Example.COM/Balcony", "juliet@example.com/Balcony")]
    [InlineData("\uFF2A\uFF55liet@example.com", "juliet@example.com")] // fullwidth
    [InlineData("\uFF79@example.com/\uFF79", "\u30B1@example.com/\uFF79")] // halfwidth, mapped in localparts only
    [InlineData("A\u030Angstro\u0308m@example.com/A\u030Angstro\u0308m", "\u00E5ngstr\u00F6m@example.com/\u00C5ngstr\u00F6m")]
    [InlineData("juliet@example.com/foo\u1680bar", "juliet@example.com/foo bar")]
    [InlineData("\u0130@example.com", "i\u0307@example.com")]
    public void Parts_are_prepared(string text, string prepared)
    {
        var jid = Jid.Parse(text);

        Assert.Equal(prepared, jid.ToString());
        Assert.Equal(Jid.Parse(prepared), jid);
        Assert.Equal(Encoding.UTF8.GetBytes(prepared), jid.Utf8);
    }

    [Fact]
    public void Each_part_may_have_1023_octets_and_no_more()
    {
        var part = new string('a', Jid.MaxPartLength);
        var domain = string.Join('.', Enumerable.Repeat(new string('a', 63), 16))[..Jid.MaxPartLength];

        Assert.Equal(Jid.MaxLength, Jid.Parse($"{part}@{domain}/{part}").Utf8.Length);
        Assert.False(Jid.TryParse($"a{part}@example.com", out _));
        Assert.False(Jid.TryParse($"juliet@a.{domain}", out _));
        Assert.False(Jid.TryParse($"juliet@example.com/a{part}", out _));
        Assert.False(Jid.TryParse($"juliet@example.com/{part}\u00E9", out _));
    }

    [Fact]
    public void Lengths_are_those_after_preparation()
    {
        // U+FF41 takes three octets, U+0061 one; U+1100 U+1161 U+11A8 nine, U+AC01 three.
        Assert.Equal(new string('a', 1023), Jid.Parse($"{new string('\uFF41', 1023)}@example.com").Local);
        Assert.False(Jid.TryParse($"{new string('\uFF41', 1024)}@example.com", out _));
        Assert.Equal(new string('K', 1023), Jid.Parse($"example.com/{new string('\u212A', 1023)}").Resource);

        // U+0958 takes three octets, what it is normalised to six.
        Assert.True(Jid.TryParse($"example.com/{string.Concat(Enumerable.Repeat("\u0958", 170))}", out _));
        Assert.False(Jid.TryParse($"example.com/{string.Concat(Enumerable.Repeat("\u0958", 171))}", out _));
    }

    [Fact]
    public void Text_that_is_not_unicode_is_no_jid()
    {
        Assert.False(Jid.TryParse("juliet@example.com/\uD83C", out _));
        Assert.False(Jid.TryParse("\uDE00@example.com", out _));
        Assert.False(Jid.TryParse([(byte)'a', 0xC0, 0x80], out _));
        Assert.False(Jid.TryParse([.. "a@b/"u8, 0xED, 0xA0, 0x80], out _));
        Assert.False(Jid.TryParse([.. "a"u8, 0xFF, .. "@b"u8], out _));
    }

    [Fact]
    public void Piles_of_combining_marks_are_sorted_in_a_moment()
    {
        var marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 250));

        var jid = Jid.Parse($"example.com/x{marks}");

        Assert.Equal($"x{new string('\u0323', 250)}{new string('\u0301', 250)}", jid.Resource);
    }

    [Fact]
    public void A_full_jid_knows_its_bare_jid()
    {
        var full = Jid.Parse("juliet@example.com/balcony");

        Assert.True(full.IsFull);
        Assert.False(full.IsBare);
        Assert.Equal(Jid.Parse("juliet@example.com"), full.Bare);
        Assert.True(full.Bare.IsBare);
        Assert.Same(full.Bare, full.Bare.Bare);
        Assert.Equal(Jid.Parse("example.com"), Jid.Parse("example.com/balcony").Bare);
        Assert.True(Jid.Parse("example.com/balcony").IsFull);
    }

    [Theory]
    [InlineData(null, "example.com", null, "example.com")]
    [InlineData("Juliet", "example.com", null, "juliet@example.com")]
    [InlineData(null, "EXAMPLE.com", "Balcony/@", "example.com/Balcony/@")]
    [InlineData("juliet", "[2001:DB8::1]", "balcony", "juliet@[2001:db8::1]/balcony")]
    public void Parts_are_put_together(string? local, string domain, string? resource, string expected)
    {
        Assert.True(Jid.TryCreate(local, domain, resource, out var jid));
        Assert.Equal(Jid.Parse(expected), jid);
    }

    [Theory]
    [InlineData("", "example.com", null)]
    [InlineData(null, "", null)]
    [InlineData(null, "example.com", "")]
    [InlineData("juliet@capulet", "example.com", null)]
    [InlineData("juliet/capulet", "example.com", null)]
    [InlineData(null, "juliet@example.com", null)]
    [InlineData(null, "example.com/balcony", null)]
    [InlineData("juliet", "example.com/balcony", null)]
    public void Parts_that_are_not_valid_are_not_put_together(string? local, string domain, string? resource) =>
        Assert.False(Jid.TryCreate(local, domain, resource, out _));

    [Fact]
    public void A_resource_is_added_or_exchanged()
    {
        var bare = Jid.Parse("juliet@example.com");

        Assert.Equal(Jid.Parse("juliet@example.com/balcony"), bare.WithResource("balcony"));
        Assert.Equal(Jid.Parse("juliet@example.com/a/b"), bare.WithResource("balcony").WithResource("a/b"));
        Assert.True(bare.TryWithResource("\u00C5", out var full));
        Assert.Equal("\u00C5", full.Resource);
        Assert.False(bare.TryWithResource("", out _));
        Assert.False(bare.TryWithResource("\u0000", out _));
        Assert.Throws<FormatException>(() => bare.WithResource(" "));
    }

    [Fact]
    public void Equal_addresses_are_equal_in_every_way()
    {
        var one = Jid.Parse("juliet@example.com/balcony");
        var same = Jid.Parse("JULIET@example.com./balcony");
        var other = Jid.Parse("juliet@example.com/Balcony");

        Assert.True(one == same);
        Assert.False(one != same);
        Assert.True(one.Equals((object)same));
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.False(one == other);
        Assert.False(one.Equals("juliet@example.com/balcony"));
        Assert.False(one == null);
        Assert.True((Jid?)null == null);
    }

    [Fact]
    public void An_address_seen_before_is_the_same_instance_and_allocates_nothing()
    {
        Assert.True(Jid.TryParse("nurse@example.com/kitchen"u8, out var first));
        Assert.True(Jid.TryParse("nurse@example.com/kitchen"u8, out var second));
        Assert.Same(first, second);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var parsed = Jid.TryParse("nurse@example.com/kitchen"u8, out _);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(parsed);
    }

    [Fact]
    public void A_flood_of_addresses_is_forgotten()
    {
        var kept = Flood(100_000);

        GC.Collect();
        Assert.InRange(kept.Count(reference => reference.IsAlive), 1, 50_000);
    }

    private static List<WeakReference> Flood(int count)
    {
        var references = new List<WeakReference>(count);
        for (var i = 0; i < count; i++)
            references.Add(new WeakReference(Jid.Parse($"flood{i}@example.com")));
        return references;
    }
}
