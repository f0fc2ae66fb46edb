using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class SaslMechanismsTests
{
    private static readonly FakeChannelBinding _binding = new(("tls-exporter", "x"), ("tls-server-end-point", "y"));

    private readonly SaslScene _scene = new();

    [Fact]
    public void Every_mechanism_is_known_by_its_registered_name()
    {
        Assert.Equal(
            [
                "EXTERNAL",
                "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS",
                "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1",
                "PLAIN", "ANONYMOUS",
            ],
            SaslMechanisms.Known);
        Assert.Equal(SaslMechanisms.Known.Except(["ANONYMOUS"]), SaslMechanisms.Default);
    }

    /// <summary>Stream, configured mechanisms, offered ones.</summary>
    public static TheoryData<bool, bool, bool, string, string> Offers { get; } = new()
    {
        { true, true, false, "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS" },
        { true, false, false, "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN", "SCRAM-SHA-256 PLAIN" },
        { false, false, false, "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN EXTERNAL", "SCRAM-SHA-256" },
        { true, true, true, "EXTERNAL PLAIN", "EXTERNAL PLAIN" },
        { true, true, false, "EXTERNAL PLAIN", "PLAIN" },
        { false, false, false, "ANONYMOUS", "ANONYMOUS" },
        { true, true, true, "", "" },
    };

    [Theory]
    [MemberData(nameof(Offers))]
    public void What_the_stream_can_use_is_offered_in_the_configured_order(
        bool encrypted, bool binds, bool certified, string configured, string offered)
    {
        var context = _scene.Context with
        {
            IsEncrypted = encrypted,
            ChannelBinding = binds ? _binding : null,
            ProvenIdentities = certified ? [SaslScene.User] : [],
        };

        Assert.Equal(Names(offered), Mechanisms(configured).Offer(context).OfferedMechanisms);
    }

    [Theory]
    [InlineData(true, "PLAIN", null)]
    [InlineData(true, "SCRAM-SHA-256", null)]
    [InlineData(true, "SCRAM-SHA-256-PLUS", SaslFailureCondition.InvalidMechanism)] // configured, but there is nothing to bind to
    [InlineData(true, "SCRAM-SHA-1", SaslFailureCondition.InvalidMechanism)] // not configured
    [InlineData(true, "plain", SaslFailureCondition.InvalidMechanism)]
    [InlineData(true, "", SaslFailureCondition.InvalidMechanism)]
    [InlineData(true, null, SaslFailureCondition.InvalidMechanism)]
    [InlineData(false, "PLAIN", SaslFailureCondition.EncryptionRequired)]
    [InlineData(false, "SCRAM-SHA-256", null)]
    [InlineData(false, "SCRAM-SHA-1", SaslFailureCondition.InvalidMechanism)]
    [InlineData(false, "CRAM-MD5", SaslFailureCondition.InvalidMechanism)]
    public void Only_what_was_offered_starts(bool encrypted, string? name, SaslFailureCondition? refused)
    {
        var mechanisms = Mechanisms("SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN");
        var context = mechanisms.Offer(_scene.Context with { IsEncrypted = encrypted });

        var started = mechanisms.TryStart(context, name, out var exchange, out var refusal);

        Assert.Equal(refused, refusal?.Condition);
        Assert.Equal(refused is null, started);
        Assert.Equal(started, exchange is not null);
    }

    [Fact]
    public void What_was_available_but_not_offered_does_not_start()
    {
        var mechanisms = Mechanisms("SCRAM-SHA-256 PLAIN");

        Assert.False(mechanisms.TryStart(_scene.Context with { OfferedMechanisms = ["SCRAM-SHA-256"] }, "PLAIN", out _, out var refusal));
        Assert.Equal(SaslFailureCondition.InvalidMechanism, refusal.Condition);
    }

    [Theory]
    [InlineData("SCRAM-MD5")]
    [InlineData("scram-sha-1")]
    [InlineData("PLAIN PLAIN")]
    public void Names_that_are_unknown_or_stand_twice_are_refused(string configured)
    {
        Assert.Throws<ArgumentException>(() => Mechanisms(configured));
    }

    [Fact]
    public void Channel_binding_types_are_advertised_beside_a_mechanism_that_takes_them()
    {
        var context = Mechanisms("SCRAM-SHA-1-PLUS PLAIN").Offer(_scene.Context with { ChannelBinding = _binding });

        Assert.Equal(
            "<sasl-channel-binding xmlns=\"urn:xmpp:sasl-cb:0\"><channel-binding type=\"tls-exporter\"/>"
            + "<channel-binding type=\"tls-server-end-point\"/></sasl-channel-binding>",
            ChannelBindingCapability.Feature(context)?.ToString().Replace('\'', '"'));
    }

    [Theory]
    [InlineData("PLAIN SCRAM-SHA-1", true)]
    [InlineData("PLAIN SCRAM-SHA-1-PLUS", false)]
    public void Channel_binding_types_are_not_advertised_when_nothing_takes_them(string configured, bool binds)
    {
        var context = Mechanisms(configured).Offer(_scene.Context with { ChannelBinding = binds ? _binding : null });

        Assert.Null(ChannelBindingCapability.Feature(context));
    }

    private SaslMechanisms Mechanisms(string names) => new(Names(names), _scene.Decoys);

    private static string[] Names(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
