using Xmpp.Core.Modules;
using Xmpp.Server.Routing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>
/// RFC 6121 §8.5.4, table 1. Where it leaves a choice: O or E is <see cref="DeliveryAction.Undelivered"/>, which keeps the
/// message if a module does and else bounces it; M or A is A; S or E is E for what a person wrote and S for headlines.
/// </summary>
public sealed class MessageDeliveryTests
{
    private const string D = nameof(DeliveryAction.ToResource);
    private const string A = nameof(DeliveryAction.ToAvailable);
    private const string O = nameof(DeliveryAction.Undelivered);
    private const string E = nameof(DeliveryAction.Refuse);
    private const string S = nameof(DeliveryAction.Ignore);

    [Theory]
    // Account doesn't exist, or has no active resources; or only some of negative priority (the same to a sender).
    [InlineData("bare         ", false, O, O, E, S)]
    [InlineData("full no match", false, E, O, E, S)]
    [InlineData("full match   ", false, D, D, D, D)]
    // One resource or more of non-negative priority.
    [InlineData("bare         ", true, A, A, E, A)]
    [InlineData("full no match", true, E, A, E, S)]
    [InlineData("full match   ", true, D, D, D, D)]
    public void A_message_is_delivered_by_the_table(
        string to, bool isAvailable, string normal, string chat, string groupchat, string headline)
    {
        Assert.Equal(normal, Decide(MessageType.Normal));
        Assert.Equal(chat, Decide(MessageType.Chat));
        Assert.Equal(groupchat, Decide(MessageType.Groupchat));
        Assert.Equal(headline, Decide(MessageType.Headline));

        string Decide(MessageType type) => MessageDelivery.Decide(
            type, isFull: to.StartsWith("full", StringComparison.Ordinal), isConnected: to == "full match   ", isAvailable).ToString();
    }

    [Theory]
    // §8.5.2, §8.5.3: errors are never stored and never bounced.
    [InlineData(false, false, false, DeliveryAction.Ignore)]
    [InlineData(false, false, true, DeliveryAction.Ignore)]
    [InlineData(true, false, false, DeliveryAction.Ignore)]
    [InlineData(true, false, true, DeliveryAction.Ignore)]
    [InlineData(true, true, false, DeliveryAction.ToResource)]
    [InlineData(true, true, true, DeliveryAction.ToResource)]
    internal void An_error_reaches_the_resource_it_is_for_or_nobody(
        bool isFull, bool isConnected, bool isAvailable, DeliveryAction action) =>
        Assert.Equal(action, MessageDelivery.Decide(MessageType.Error, isFull, isConnected, isAvailable));
}
