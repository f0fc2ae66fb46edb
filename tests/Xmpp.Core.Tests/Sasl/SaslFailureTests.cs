using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class SaslFailureTests
{
    /// <summary>RFC 6120 §6.5.1 to §6.5.11.</summary>
    [Fact]
    public void The_conditions_are_those_of_the_RFC()
    {
        Assert.Equal(
            [
                "aborted", "account-disabled", "credentials-expired", "encryption-required", "incorrect-encoding", "invalid-authzid",
                "invalid-mechanism", "malformed-request", "mechanism-too-weak", "not-authorized", "temporary-auth-failure",
            ],
            Enum.GetValues<SaslFailureCondition>().Select(SaslOutcome.Failure.WireName));
    }

    [Fact]
    public void A_failure_is_an_element_with_its_condition_and_perhaps_a_text()
    {
        var bare = new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: "user").ToElement();
        var told = new SaslOutcome.Failure(SaslFailureCondition.AccountDisabled, "Call 212-555-1212 for assistance.").ToElement();

        Assert.Equal(new(Namespaces.Sasl, "failure"), bare.Name);
        Assert.Equal(new(Namespaces.Sasl, "not-authorized"), Assert.Single(bare.Elements).Name);
        Assert.NotNull(told.Child(Namespaces.Sasl, "account-disabled"));
        var text = told.Child(Namespaces.Sasl, "text");
        Assert.Equal("Call 212-555-1212 for assistance.", text?.Text);
        Assert.Equal("en", text?.Attribute(new(Namespaces.Xml, "lang")));
    }
}
