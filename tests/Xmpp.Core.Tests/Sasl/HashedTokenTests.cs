using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

/// <summary>The family HT (draft-schmaus-kitten-sasl-ht-09).</summary>
public sealed class HashedTokenTests
{
    private static readonly byte[] Token = Encoding.UTF8.GetBytes("WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm");

    public static TheoryData<string, string?> Mechanisms => new()
    {
        { "HT-SHA-256-NONE", null },
        { "HT-SHA-256-ENDP", "tls-server-end-point" },
        { "HT-SHA-256-UNIQ", "tls-unique" },
        { "HT-SHA-256-EXPR", "tls-exporter" },
    };

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public async Task A_token_is_proved_and_the_server_proves_that_it_has_it_too(string name, string? type)
    {
        var context = Context(type);

        var success = SaslScene.AssertSucceeds(await RespondAsync(name, context, Message("user", DataOf(type))));

        Assert.Equal(SaslScene.User, success.Account);
        Assert.Equal(Hash("Responder", DataOf(type)), success.Data.ToArray());
    }

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public async Task A_proof_for_another_channel_is_worth_nothing(string name, string? type) => SaslScene.AssertFails(
        SaslFailureCondition.NotAuthorized, await RespondAsync(name, Context(type), Message("user", [1, 2, 3])));

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void A_mechanism_is_there_where_its_channel_binding_is(string name, string? type)
    {
        var mechanism = Find(name);

        Assert.True(mechanism.IsAvailable(Context(type)));
        Assert.Equal(type is null, mechanism.IsAvailable(Context(null)));
        Assert.False(mechanism.IsAvailable(Context(type) with { IsEncrypted = false }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("user")]
    [InlineData("\0proof")]
    public async Task What_is_no_message_is_malformed(string message) => SaslScene.AssertFails(
        SaslFailureCondition.MalformedRequest,
        await RespondAsync("HT-SHA-256-NONE", Context(null), Encoding.UTF8.GetBytes(message)));

    [Fact]
    public async Task There_is_no_challenge() => SaslScene.AssertFails(
        SaslFailureCondition.MalformedRequest, await RespondAsync("HT-SHA-256-NONE", Context(null), null));

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    public async Task A_proof_of_another_length_is_none(string proof) => SaslScene.AssertFails(
        SaslFailureCondition.NotAuthorized,
        await RespondAsync("HT-SHA-256-NONE", Context(null), Encoding.UTF8.GetBytes($"user\0{proof}")));

    [Fact]
    public async Task A_client_is_whom_the_stream_is_from()
    {
        var context = Context(null) with { StreamFrom = Jid.Parse("other@example.org") };

        SaslScene.AssertFails(
            SaslFailureCondition.InvalidAuthzid, await RespondAsync("HT-SHA-256-NONE", context, Message("user", [])));
    }

    [Theory]
    [InlineData(TokenOutcome.Expired, SaslFailureCondition.CredentialsExpired)]
    [InlineData(TokenOutcome.AccountDisabled, SaslFailureCondition.AccountDisabled)]
    [InlineData(TokenOutcome.Unknown, SaslFailureCondition.NotAuthorized)]
    public async Task What_the_token_is_worth_decides(TokenOutcome outcome, SaslFailureCondition condition)
    {
        var exchange = new HashedTokenExchange(Find("HT-SHA-256-NONE"), Context(null), (_, isProven, _) =>
        {
            Assert.True(isProven(Token));
            return new(outcome);
        });

        SaslScene.AssertFails(condition, await exchange.RespondAsync(Message("user", []), TestContext.Current.CancellationToken));
    }

    private static ValueTask<SaslOutcome> RespondAsync(string name, SaslContext context, byte[]? message)
    {
        var exchange = new HashedTokenExchange(Find(name), context, (_, isProven, _) =>
            new(isProven([1]) || isProven(Token) ? TokenOutcome.Accepted : TokenOutcome.Unknown));
        return exchange.RespondAsync(
            message is null ? default(ReadOnlyMemory<byte>?) : message, TestContext.Current.CancellationToken);
    }

    private static HashedTokenMechanism Find(string name) => HashedTokenMechanism.All.Single(mechanism => mechanism.Name == name);

    private static byte[] Message(string username, byte[] binding) =>
        [.. Encoding.UTF8.GetBytes($"{username}\0"), .. Hash("Initiator", binding)];

    private static byte[] Hash(string party, byte[] binding)
    {
        byte[] hashed = [.. Encoding.UTF8.GetBytes(party), .. binding];
        return HMACSHA256.HashData(Token, hashed);
    }

    private static byte[] DataOf(string? type) => type is null ? [] : Encoding.UTF8.GetBytes($"data of {type}");

    private static SaslContext Context(string? type) =>
        new SaslScene().Context with { ChannelBinding = type is null ? null : new Binding(type) };

    private sealed class Binding(string only) : IChannelBinding
    {
        public IReadOnlyList<string> Types => [only];

        public byte[]? Get(string type) => type == only ? DataOf(type) : null;
    }
}
