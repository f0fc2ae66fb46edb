using Xmpp.Modules.Rosters;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>The state chart of RFC 6121, Appendix A, as a function.</summary>
public sealed class SubscriptionTableTests
{
    public static TheoryData<string, string, bool, string> Outbound => SubscriptionStates.Outbound;

    public static TheoryData<string, string, bool, string, string?> Inbound => SubscriptionStates.Inbound;

    [Theory]
    [MemberData(nameof(Outbound))]
    public void What_the_account_sends(string state, string stanza, bool isRouted, string newState) => Assert.Equal(
        new SubscriptionStep(SubscriptionStates.Parse(newState), isRouted),
        SubscriptionTable.Outbound(SubscriptionStates.Parse(state), TypeOf(stanza)));

    [Theory]
    [MemberData(nameof(Inbound))]
    public void What_comes_from_the_contact(string state, string stanza, bool isDelivered, string newState, string? reply) => Assert.Equal(
        new SubscriptionStep(SubscriptionStates.Parse(newState), isDelivered, PresenceStanzas.SubscriptionTypeOf(reply)),
        SubscriptionTable.Inbound(SubscriptionStates.Parse(state), TypeOf(stanza)));

    private static SubscriptionType TypeOf(string stanza) => PresenceStanzas.SubscriptionTypeOf(stanza)!.Value;
}
