using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0115.</summary>
public sealed class EntityCapabilitiesTests
{
    private const string Caps = "http://jabber.org/protocol/caps";

    private static readonly string[] PsiFeatures =
        [Caps, "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc"];

    private static readonly DataForm SoftwareInfo = DataForm.Of(DataFormType.Result, "urn:xmpp:dataforms:softwareinfo",
    [
        Field("ip_version", "ipv4", "ipv6"),
        Field("os", "Mac"),
        Field("os_version", "10.5.1"),
        Field("software", "Psi"),
        Field("software_version", "0.11"),
    ]);

    public static TheoryData<DiscoInfo, string> Examples { get; } = new()
    {
        // §5.2
        { new([new("client", "pc", "Exodus 0.9.1")], PsiFeatures, []), "QgayPKawpkPSDYmwT/WM94uAlu0=" },
        // §5.3
        {
            new([new("client", "pc", "Psi 0.11", "en"), new("client", "pc", "\u03a8 0.11", "el")], PsiFeatures, [SoftwareInfo]),
            "q07IKJEyjvHSyhy//CH0CxmKi8w="
        },
    };

    [Theory]
    [MemberData(nameof(Examples), DisableDiscoveryEnumeration = true)]
    public void The_hash_is_that_of_the_specification(DiscoInfo info, string hash) => Assert.Equal(hash, EntityCapabilities.Hash(info));

    [Theory]
    [MemberData(nameof(Examples), DisableDiscoveryEnumeration = true)]
    public void Order_means_nothing(DiscoInfo info, string hash) => Assert.Equal(hash, EntityCapabilities.Hash(new DiscoInfo(
        [.. info.Identities.Reverse()],
        [.. info.Features.Reverse()],
        [.. info.Forms.Select(form => new DataForm(form.Type, [.. form.Fields.Reverse()]))])));

    [Fact]
    public void A_form_without_a_type_is_left_out()
    {
        var info = Examples.First().Data.Item1;

        Assert.Equal(EntityCapabilities.Hash(info), EntityCapabilities.Hash(info with
        {
            Forms = [new DataForm(DataFormType.Result, Field("os", "Mac"))],
        }));
    }

    [Fact]
    public async Task The_stream_features_tell_the_hash_of_what_the_server_says_of_itself()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Modules = options.Modules with { ContactAddresses = new ContactAddressOptions { Abuse = ["mailto:abuse@localhost"] } },
        });
        var capabilities = (await server.FeaturesAfterLoginAsync()).Child(Caps, "c")!;
        var juliet = await server.ConnectAsync("juliet");

        var node = $"{capabilities["node"]}#{capabilities["ver"]}";
        var answer = await juliet.InfoAsync("localhost", node);

        Assert.Equal("sha-1", capabilities["hash"]);
        Assert.Equal(node, answer.Child("http://jabber.org/protocol/disco#info", "query")!["node"]);
        Assert.Equal(capabilities["ver"], EntityCapabilities.Hash(Discovery.Parse(answer)));
        Assert.Equal(capabilities["ver"], EntityCapabilities.Hash(Discovery.Parse(await juliet.InfoAsync("localhost"))));
    }

    [Fact]
    public async Task The_hash_changes_with_what_is_loaded()
    {
        await using var server = await TestServer.StartAsync();
        var before = (await server.FeaturesAfterLoginAsync()).Child(Caps, "c")!;

        await server.ReloadAsync(options => options with { Modules = options.Modules with { Disabled = ["ping"] } });

        Assert.NotEqual(before["ver"], (await server.FeaturesAfterLoginAsync()).Child(Caps, "c")!["ver"]);
        var juliet = await server.ConnectAsync("juliet");
        var stale = await juliet.InfoAsync("localhost", $"{before["node"]}#{before["ver"]}");
        Assert.Equal(StanzaErrorCondition.ItemNotFound, StanzaError.Parse(stale)?.Condition);
    }

    [Fact]
    public async Task There_are_none_before_login()
    {
        await using var server = await TestServer.StartAsync();

        Assert.Null((await server.Connect().OpenAsync()).Child(Caps, "c"));
    }

    private static FormField Field(string name, params string[] values) => new(name, FormFieldType.TextMulti, values);
}
