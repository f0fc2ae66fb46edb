using Xmpp.Core;
using Xmpp.Modules.Rooms;
using Xunit;

namespace Xmpp.Modules.Tests.Rooms;

/// <summary>XEP-0421 §4.1.</summary>
public sealed class OccupantIdsTests
{
    private static readonly Jid Coven = Jid.Parse("coven@chat.shakespeare.lit");
    private static readonly Jid Heath = Jid.Parse("heath@chat.shakespeare.lit");
    private static readonly Jid Hag = Jid.Parse("hag66@shakespeare.lit/pda");

    private static readonly OccupantIds Ids = new(new byte[32]);

    [Fact]
    public void The_same_person_has_the_same_in_a_room_whichever_the_resource()
    {
        Assert.Equal(Ids.Of(Coven, Hag), Ids.Of(Jid.Parse("coven@chat.shakespeare.lit/thirdwitch"), Hag.Bare));
    }

    [Fact]
    public void Others_have_others_and_so_has_another_room_or_server()
    {
        var ids = new[]
        {
            Ids.Of(Coven, Hag), Ids.Of(Heath, Hag), Ids.Of(Coven, Jid.Parse("crone1@shakespeare.lit")),
            new OccupantIds([1, .. new byte[31]]).Of(Coven, Hag),
        };

        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public void It_is_short_and_tells_nothing()
    {
        var id = Ids.Of(Coven, Hag);

        Assert.InRange(id.Length, 1, 128);
        Assert.DoesNotContain("hag66", id, StringComparison.Ordinal);
    }
}
