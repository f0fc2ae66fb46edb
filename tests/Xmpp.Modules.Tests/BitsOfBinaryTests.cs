using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.BitsOfBinary;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>Small data in messages, kept for who asks later (XEP-0231).</summary>
public sealed class BitsOfBinaryTests
{
    private const string Ns = "urn:xmpp:bob";

    private static readonly byte[] Picture = [.. "a small picture"u8];

    [Fact]
    public async Task What_an_account_has_sent_its_contacts_can_have_from_it()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await BefriendAsync(server);
        var id = IdOf(Picture);

        await SendAsync(romeo, juliet, DataOf(id, Picture, " max-age='600'"));
        server.Time.Advance(TimeSpan.FromSeconds(100));
        await juliet.SendAsync($"<iq type='get' id='1' to='romeo@localhost'><data xmlns='{Ns}' cid='{id}'/></iq>");

        await juliet.ExpectAsync(
            $"<iq type='result' id='1' from='romeo@localhost' to='{juliet.Jid}'>"
            + $"<data xmlns='{Ns}' cid='{id}' max-age='500' type='image/png'>{Convert.ToBase64String(Picture)}</data></iq>");
        // So can its own clients.
        await romeo.SendAsync($"<iq type='get' id='2'><data xmlns='{Ns}' cid='{id}'/></iq>");
        Assert.Equal("result", (await romeo.ReadAsync())["type"]);
    }

    [Fact]
    public async Task Nobody_else_learns_of_it()
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await BefriendAsync(server);
        var tybalt = await server.LoginAsync("tybalt", "street");
        await SendAsync(romeo, juliet, DataOf(IdOf(Picture), Picture));

        await ExpectNothingAsync(tybalt, "romeo@localhost", IdOf(Picture));
        // What the other of the two has got is not hers.
        await ExpectNothingAsync(romeo, "juliet@localhost", IdOf(Picture));
        await ExpectNothingAsync(tybalt, "nobody@localhost", IdOf(Picture));
    }

    [Theory]
    // §2.4: not to be kept.
    [InlineData("sha1", " max-age='0'", true)]
    [InlineData("md5", "", true)]
    // It is something else than it says.
    [InlineData("sha1", "", false)]
    public async Task What_is_not_to_be_kept_is_not(string algorithm, string attributes, bool isRight)
    {
        await using var server = await TestServer.StartAsync();
        var (romeo, juliet) = await BefriendAsync(server);
        var id = IdOf(Picture).Replace("sha1", algorithm, StringComparison.Ordinal);

        await SendAsync(romeo, juliet, DataOf(id, isRight ? Picture : [1, 2, 3], attributes));

        await ExpectNothingAsync(juliet, "romeo@localhost", id);
    }

    [Fact]
    public async Task It_is_kept_so_long_and_so_much_of_it()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { BitsOfBinary = new BitsOfBinaryOptions { DataBytes = 40_000, CacheBytes = 65_536 } },
        });
        var (romeo, juliet) = await BefriendAsync(server);
        byte[] large = [.. Enumerable.Repeat((byte)1, 40_000)], other = [.. Enumerable.Repeat((byte)2, 40_000)], tooLarge = [.. large, 1];

        await SendAsync(romeo, juliet, DataOf(IdOf(tooLarge), tooLarge));
        await ExpectNothingAsync(juliet, "romeo@localhost", IdOf(tooLarge));
        await SendAsync(romeo, juliet, DataOf(IdOf(large), large));
        await ExpectThereAsync(juliet, IdOf(large));
        await SendAsync(romeo, juliet, DataOf(IdOf(other), other));
        await ExpectThereAsync(juliet, IdOf(other));
        await ExpectNothingAsync(juliet, "romeo@localhost", IdOf(large));

        await SendAsync(romeo, juliet, DataOf(IdOf(Picture), Picture, " max-age='60'"));
        await ExpectThereAsync(juliet, IdOf(Picture));
        server.Time.Advance(TimeSpan.FromSeconds(61));
        await ExpectNothingAsync(juliet, "romeo@localhost", IdOf(Picture));
    }

    [Fact]
    public void An_account_is_forgotten()
    {
        var time = new ManualTime();
        var cache = new BinaryCache(65_536, time);
        var (romeo, juliet) = (Jid.Parse("romeo@localhost"), Jid.Parse("juliet@localhost"));
        var bits = new Bits("image/png", Picture, time.GetUtcNow().AddHours(1));
        cache.Put(romeo, "a", bits);
        cache.Put(juliet, "a", bits);

        cache.Forget(romeo);

        Assert.Null(cache.Find(romeo, "a"));
        Assert.Equal(bits, cache.Find(juliet, "a"));
    }

    [Theory]
    [InlineData("sha1+73dec5934adc195963f7272933dfcc9b9cb93679@bob.xmpp.org", true)]
    [InlineData("sha1+73DEC5934ADC195963F7272933DFCC9B9CB93679@bob.xmpp.org", true)]
    [InlineData("sha-256+887fcea6a80333c6c02ae7e79735f0edad8d811f0b61431495f796f4bf6a7c19@bob.xmpp.org", true)]
    [InlineData("sha1+73dec5934adc195963f7272933dfcc9b9cb93670@bob.xmpp.org", false)]
    [InlineData("sha1+73dec5934adc195963f7272933dfcc9b9cb93679@example.org", false)]
    [InlineData("73dec5934adc195963f7272933dfcc9b9cb93679@bob.xmpp.org", false)]
    [InlineData("+@bob.xmpp.org", false)]
    [InlineData("@bob.xmpp.org+", false)]
    [InlineData("", false)]
    public void A_name_is_a_hash_of_the_content(string id, bool isName) => Assert.Equal(isName, ContentId.Names(id, "x y"u8));

    [SuppressMessage("Security", "CA5350", Justification = "The protocol has it.")]
    private static string IdOf(byte[] content) => $"sha1+{Convert.ToHexStringLower(SHA1.HashData(content))}@bob.xmpp.org";

    private static string DataOf(string id, byte[] content, string attributes = "") =>
        $"<data xmlns='{Ns}' cid='{id}' type='image/png'{attributes}>{Convert.ToBase64String(content)}</data>";

    /// <summary>Sends a message with data, which arrives as it is.</summary>
    private static async Task SendAsync(TestClient from, TestClient to, string data)
    {
        await from.SendAsync($"<message to='{to.Jid}' type='chat'><body>x</body>{data}</message>");
        Assert.Equal("chat", (await to.ReadAsync())["type"]);
    }

    private static async Task ExpectThereAsync(TestClient client, string id)
    {
        await client.SendAsync($"<iq type='get' id='1' to='romeo@localhost'><data xmlns='{Ns}' cid='{id}'/></iq>");
        Assert.Equal("result", (await client.ReadAsync())["type"]);
    }

    private static async Task ExpectNothingAsync(TestClient client, string account, string id)
    {
        await client.SendAsync($"<iq type='get' id='1' to='{account}'><data xmlns='{Ns}' cid='{id}'/></iq>");
        await client.ExpectErrorAsync(StanzaErrorCondition.ItemNotFound);
    }

    /// <summary>Two who see each other's presence.</summary>
    private static async Task<(TestClient Romeo, TestClient Juliet)> BefriendAsync(TestServer server)
    {
        await server.BefriendAsync("romeo", "juliet");
        return (await server.ConnectAsync("romeo", "orchard"), await server.ConnectAsync("juliet", "balcony"));
    }
}
