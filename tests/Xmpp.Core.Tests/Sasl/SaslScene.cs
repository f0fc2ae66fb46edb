using System.Text;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

/// <summary>
/// A host with two accounts, user (password "pencil") and banned (the same, disabled), and what a mechanism is told of a stream to it.
/// </summary>
internal sealed class SaslScene
{
    public const string Host = "example.org";
    public const string Password = "pencil";

    // Low: these tests are not about the strength of keys.
    private const int Iterations = 16;

    private static readonly IReadOnlyList<ScramKeys> Keys = PasswordKeys.Create(Password, Iterations);

    public InMemoryAccounts Accounts { get; } = new();

    public DecoyKeys Decoys { get; } = new(Enumerable.Repeat((byte)7, 32).ToArray(), Iterations);

    public SaslContext Context { get; init; }

    public SaslScene()
    {
        Add("user", Keys);
        Add("banned", Keys, enabled: false);
        Context = new SaslContext { Host = Host, IsEncrypted = true, Accounts = Accounts, OfferedMechanisms = [] };
    }

    public static Jid User { get; } = Jid.Parse($"user@{Host}");

    public SaslScene Add(string name, IReadOnlyList<ScramKeys> keys, bool enabled = true)
    {
        var added = Accounts.AddAsync(
            new Account(Jid.Parse($"{name}@{Host}"), keys, enabled, DateTimeOffset.UnixEpoch, LastLogin: null), default);
        Assert.True(added.IsCompletedSuccessfully);
        return this;
    }

    public static async Task<SaslOutcome> Send(ISaslExchange exchange, string? message) =>
        await exchange.RespondAsync(
            message is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(message), TestContext.Current.CancellationToken);

    public static string Text(SaslOutcome outcome) => Encoding.UTF8.GetString(outcome switch
    {
        SaslOutcome.Challenge challenge => challenge.Data.Span,
        SaslOutcome.Success success => success.Data.Span,
        _ => throw new ArgumentException($"{outcome} has no data."),
    });

    public static void AssertFails(SaslFailureCondition condition, SaslOutcome outcome) =>
        Assert.Equal(condition, Assert.IsType<SaslOutcome.Failure>(outcome).Condition);

    public static SaslOutcome.Success AssertSucceeds(SaslOutcome outcome) => Assert.IsType<SaslOutcome.Success>(outcome);
}

/// <summary>A channel with the given binding data.</summary>
internal sealed class FakeChannelBinding(params (string Type, string Data)[] bindings) : IChannelBinding
{
    public IReadOnlyList<string> Types { get; } = [.. bindings.Select(binding => binding.Type)];

    public byte[]? Get(string type) =>
        bindings.Where(binding => binding.Type == type).Select(binding => Encoding.UTF8.GetBytes(binding.Data)).FirstOrDefault();
}
