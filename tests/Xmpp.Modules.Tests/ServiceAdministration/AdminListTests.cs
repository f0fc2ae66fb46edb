using Xmpp.Core.Stanzas;
using Xmpp.Testing;
using Xunit;
using static Xmpp.Modules.Tests.Commands;

namespace Xmpp.Modules.Tests;

/// <summary>XEP-0133 §4.29: who administers.</summary>
public sealed class AdminListTests
{
    private const string SetMotd = $"{Administration.Ns}#set-motd";

    [Fact]
    public async Task Administrators_make_others_administrators_of_one_host()
    {
        await using var server = await Administration.StartAsync(options => options with { Hosts = ["localhost", "other"] });
        var bard = await server.ConnectAsync("bard");
        var hecate = await server.ConnectAsync("hecate");
        (await hecate.CommandAsync("localhost", SetMotd)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);

        (await bard.AdministerAsync("edit-admin", Given("adminjids", "bard@localhost", "hecate@localhost"))).Command("completed");

        (await hecate.CommandAsync("localhost", SetMotd)).Command("executing");
        (await hecate.CommandAsync("other", SetMotd)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
        Assert.Equal(["bard@localhost", "hecate@localhost"], await ShownAsync(hecate));
        Assert.Equal(
            "hecate@localhost", await server.Store.Settings.FindAsync("localhost", "administrators", CancellationToken.None));
        // The process is not hers to stop.
        (await hecate.CommandAsync("localhost", $"{Administration.Ns}#shutdown"))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);

        (await bard.AdministerAsync("edit-admin", Given("adminjids", "bard@localhost"))).Command("completed");

        (await hecate.CommandAsync("localhost", SetMotd)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
    }

    [Fact]
    public async Task Those_of_the_configuration_stay()
    {
        await using var server = await Administration.StartAsync();
        var bard = await server.ConnectAsync("bard");

        (await bard.AdministerAsync("edit-admin", Given("adminjids", "hecate@localhost")))
            .ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.NotAllowed);
        (await bard.AdministerAsync("edit-admin", Given("adminjids", "bard@localhost", "localhost")))
            .ExpectError(StanzaErrorType.Modify, StanzaErrorCondition.BadRequest, "bad-payload");
        Assert.Equal(["bard@localhost"], await ShownAsync(bard));

        await server.ReloadAsync(options => options with { Administrators = ["hecate@localhost"] });

        (await bard.CommandAsync("localhost", SetMotd)).ExpectError(StanzaErrorType.Cancel, StanzaErrorCondition.Forbidden);
        Assert.Equal(["hecate@localhost"], await ShownAsync(await server.ConnectAsync("hecate")));
    }

    private static async Task<IReadOnlyList<string>> ShownAsync(TestClient administrator) =>
        (await administrator.CommandAsync("localhost", $"{Administration.Ns}#edit-admin")).Command("executing").Form().Values("adminjids");
}
