using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Server.Routing;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Routing;

/// <summary>RFC 6121 §8.5.4, table 1: a row of it is a row here, with what the RFC allows and what this server chose of it.</summary>
public sealed class MessageDeliveryTests
{
    private const string NoAccount = "account does not exist";
    private const string NoResource = "account exists, but no active resources";
    private const string Negative = "1+ negative resources but zero non-negative resources";
    private const string NonNegative = "1 non-negative resource";
    private const string Several = "1+ non-negative resources";

    private static readonly string[] Types = ["normal", "chat", "groupchat", "headline"];

    /// <summary>
    /// The columns are the four types. O: stored, E: answered <c>service-unavailable</c>, S: silently ignored, D: to that resource,
    /// M: to the most available, A: to all non-negative ones. A star: if clients can opt in, which they do by their priority.
    /// </summary>
    public static TheoryData<string, string, string, string> Table => new()
    {
        { NoAccount, "bare", "S/E S/E E S", "S S E S" },
        { NoAccount, "full", "S/E S/E S/E S/E", "E S E S" },
        { NoResource, "bare", "O/E O/E E S", "O O E S" },
        { NoResource, "full (no match)", "S/E O/E S/E S/E", "E O E S" },
        { Negative, "bare", "O/E O/E E S", "O O E S" },
        { Negative, "full match", "D D D D", "D D D D" },
        { Negative, "full no match", "S/E O/E S/E S/E", "E O E S" },
        { NonNegative, "bare", "D D E D", "D D E D" },
        { NonNegative, "full match", "D D D D", "D D D D" },
        { NonNegative, "full no match", "S/E D S/E S/E", "E D E S" },
        { Several, "bare", "M/A M/A* E A", "A A E A" },
        { Several, "full match", "D D/A* D D", "D D D D" },
        { Several, "full no match", "S/E M/A* S/E S/E", "E A E S" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void What_this_server_does_is_what_the_rfc_allows(string condition, string to, string allowed, string chosen)
    {
        Assert.NotEmpty(condition + to);
        Assert.All(chosen.Split(' ').Zip(allowed.Split(' ')), cell => Assert.Contains(cell.First, cell.Second, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void The_function_decides_by_the_table(string condition, string to, string allowed, string chosen)
    {
        Assert.NotEmpty(allowed);
        var target = to switch
        {
            "bare" => DeliveryTarget.Account,
            "full match" => DeliveryTarget.ConnectedResource,
            _ => DeliveryTarget.MissingResource,
        };
        for (var i = 0; i < Types.Length; i++)
        {
            DeliveryAction[] expected = chosen.Split(' ')[i] switch
            {
                "O" => [DeliveryAction.Undelivered],
                "E" => [DeliveryAction.Refuse],
                // An account that doesn't exist is found out when the message is to be stored, not before.
                "S" => condition == NoAccount ? [DeliveryAction.Ignore, DeliveryAction.Undelivered] : [DeliveryAction.Ignore],
                "D" => [to == "full match" ? DeliveryAction.ToResource : DeliveryAction.ToAvailable],
                _ => [DeliveryAction.ToAvailable],
            };
            var type = Enum.Parse<MessageType>(Types[i], ignoreCase: true);
            Assert.Contains(MessageDelivery.Decide(type, target, condition is NonNegative or Several), expected);
        }
    }

    [Theory]
    [MemberData(nameof(Table))]
    [Rfc6121(
        "5.2.2-2", "5.2.2-3", "5.2.2-4", "8.5-1", "8.5.1-2", "8.5.2-1", "8.5.2.1.1-1", "8.5.2.1.1-2", "8.5.2.1.1-3", "8.5.2.1.1-4",
        "8.5.2.1.1-5", "8.5.2.1.1-6", "8.5.2.1.1-7", "8.5.2.1.1-8", "8.5.2.1.1-9", "8.5.2.1.1-10", "8.5.2.2.1-1", "8.5.2.2.1-2",
        "8.5.3-1", "8.5.3.1-2", "8.5.3.2.1-1", "8.5.3.2.1-2", "8.5.3.2.1-3", "8.5.3.2.1-4", "8.5.3.2.1-5")]
    public async Task The_server_delivers_by_the_table(string condition, string to, string allowed, string chosen)
    {
        Assert.NotEmpty(allowed);
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo", "orchard");
        var account = Jid.Parse("juliet@localhost");
        if (condition != NoAccount)
            await server.CreateAccountAsync(account);
        var resources = new List<(TestClient Client, bool TakesMessages)>();
        foreach (var priority in PrioritiesOf(condition))
        {
            var client = await server.LoginAsync("juliet", $"priority{priority}", priority);
            foreach (var (older, _) in resources)
                await older.ReadAsync();
            resources.Add((client, priority >= 0));
        }
        var addressed = to switch
        {
            "bare" => account,
            "full match" => resources[0].Client.Jid,
            _ => Jid.Parse("juliet@localhost/elsewhere"),
        };

        var happened = new List<string>();
        foreach (var type in Types)
            happened.Add(await SendAsync(type));

        Assert.Equal(chosen, string.Join(' ', happened));

        async Task<string> SendAsync(string type)
        {
            var storedBefore = await server.Store.Offline.CountAsync(account, CancellationToken.None);
            await romeo.SendAsync($"<message to='{addressed}' type='{type}' id='1'><body>Hark!</body></message>");
            await romeo.SendAsync("<iq type='get' id='2' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
            var wasRefused = false;
            for (var answer = await romeo.ReadAsync(); answer["id"] != "2"; answer = await romeo.ReadAsync())
            {
                Assert.Equal(StanzaErrorCondition.ServiceUnavailable, StanzaError.Parse(answer)?.Condition);
                wasRefused = true;
            }
            var reached = new List<(TestClient Client, bool TakesMessages)>();
            foreach (var resource in resources)
            {
                await romeo.SendAsync($"<message to='{resource.Client.Jid}' id='end'/>");
                for (var message = await resource.Client.ReadAsync(); message["id"] != "end"; message = await resource.Client.ReadAsync())
                {
                    Assert.Equal(addressed.ToString(), message["to"]); // §8.5.2.1.1: never rewritten
                    reached.Add(resource);
                }
            }
            var isStored = await server.Store.Offline.CountAsync(account, CancellationToken.None) > storedBefore;

            Assert.True((wasRefused ? 1 : 0) + (reached.Count > 0 ? 1 : 0) + (isStored ? 1 : 0) <= 1);
            if (wasRefused)
                return "E";
            if (isStored)
                return "O";
            if (reached.Count == 0)
                return "S";
            return condition == Several && reached.SequenceEqual(resources.Where(resource => resource.TakesMessages)) ? "A" : "D";
        }
    }

    [Theory]
    // §8.4, RFC 6120 §10.5: the server itself takes no messages.
    [InlineData(MessageType.Normal, DeliveryAction.Refuse)]
    [InlineData(MessageType.Chat, DeliveryAction.Refuse)]
    [InlineData(MessageType.Groupchat, DeliveryAction.Refuse)]
    [InlineData(MessageType.Headline, DeliveryAction.Refuse)]
    [InlineData(MessageType.Error, DeliveryAction.Ignore)]
    internal void A_message_to_the_server_is_refused(MessageType type, DeliveryAction action) =>
        Assert.Equal(action, MessageDelivery.Decide(type, DeliveryTarget.Server, isAvailable: false));

    [Theory]
    // §8.5.2, §8.5.3: errors are never stored and never bounced.
    [InlineData(DeliveryTarget.Account, false, DeliveryAction.Ignore)]
    [InlineData(DeliveryTarget.Account, true, DeliveryAction.Ignore)]
    [InlineData(DeliveryTarget.MissingResource, false, DeliveryAction.Ignore)]
    [InlineData(DeliveryTarget.MissingResource, true, DeliveryAction.Ignore)]
    [InlineData(DeliveryTarget.ConnectedResource, false, DeliveryAction.ToResource)]
    [InlineData(DeliveryTarget.ConnectedResource, true, DeliveryAction.ToResource)]
    internal void An_error_reaches_the_resource_it_is_for_or_nobody(DeliveryTarget target, bool isAvailable, DeliveryAction action) =>
        Assert.Equal(action, MessageDelivery.Decide(MessageType.Error, target, isAvailable));

    private static int[] PrioritiesOf(string condition) => condition switch
    {
        Negative => [-1],
        NonNegative => [0],
        Several => [5, 0, -1],
        _ => [],
    };
}
