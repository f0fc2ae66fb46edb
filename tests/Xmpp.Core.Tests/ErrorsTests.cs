using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xunit;

namespace Xmpp.Core.Tests;

public sealed class ErrorsTests
{
    /// <summary>RFC 6120 §8.3.3.1 to §8.3.3.22: condition, the type it is associated with (the first where there are two).</summary>
    public static TheoryData<StanzaErrorCondition, string, string> StanzaErrors { get; } = new()
    {
        { StanzaErrorCondition.BadRequest, "bad-request", "modify" },
        { StanzaErrorCondition.Conflict, "conflict", "cancel" },
        { StanzaErrorCondition.FeatureNotImplemented, "feature-not-implemented", "cancel" },
        { StanzaErrorCondition.Forbidden, "forbidden", "auth" },
        { StanzaErrorCondition.Gone, "gone", "cancel" },
        { StanzaErrorCondition.InternalServerError, "internal-server-error", "cancel" },
        { StanzaErrorCondition.ItemNotFound, "item-not-found", "cancel" },
        { StanzaErrorCondition.JidMalformed, "jid-malformed", "modify" },
        { StanzaErrorCondition.NotAcceptable, "not-acceptable", "modify" },
        { StanzaErrorCondition.NotAllowed, "not-allowed", "cancel" },
        { StanzaErrorCondition.NotAuthorized, "not-authorized", "auth" },
        { StanzaErrorCondition.PolicyViolation, "policy-violation", "modify" },
        { StanzaErrorCondition.RecipientUnavailable, "recipient-unavailable", "wait" },
        { StanzaErrorCondition.Redirect, "redirect", "modify" },
        { StanzaErrorCondition.RegistrationRequired, "registration-required", "auth" },
        { StanzaErrorCondition.RemoteServerNotFound, "remote-server-not-found", "cancel" },
        { StanzaErrorCondition.RemoteServerTimeout, "remote-server-timeout", "wait" },
        { StanzaErrorCondition.ResourceConstraint, "resource-constraint", "wait" },
        { StanzaErrorCondition.ServiceUnavailable, "service-unavailable", "cancel" },
        { StanzaErrorCondition.SubscriptionRequired, "subscription-required", "auth" },
        { StanzaErrorCondition.UndefinedCondition, "undefined-condition", "cancel" },
        { StanzaErrorCondition.UnexpectedRequest, "unexpected-request", "wait" },
    };

    [Theory]
    [MemberData(nameof(StanzaErrors))]
    public void A_stanza_error_has_its_conditions_name_and_type(StanzaErrorCondition condition, string name, string type)
    {
        var error = StanzaError.Of(condition).ToElement();

        Assert.Equal(new(Namespaces.Client, "error"), error.Name);
        Assert.Equal(type, error["type"]);
        Assert.Equal(new Element(Namespaces.StanzaErrors, name), Assert.Single(error.Elements));
        Assert.Equal(StanzaError.Of(condition), StanzaError.Parse(Bounce(error)));
    }

    /// <summary>RFC 6120 §4.9.3.1 to §4.9.3.25.</summary>
    private static readonly string[] _streamErrors =
    [
        "bad-format", "bad-namespace-prefix", "conflict", "connection-timeout", "host-gone", "host-unknown", "improper-addressing",
        "internal-server-error", "invalid-from", "invalid-namespace", "invalid-xml", "not-authorized", "not-well-formed",
        "policy-violation", "remote-connection-failed", "reset", "resource-constraint", "restricted-xml", "see-other-host",
        "system-shutdown", "undefined-condition", "unsupported-encoding", "unsupported-feature", "unsupported-stanza-type",
        "unsupported-version",
    ];

    [Fact]
    public void The_tables_are_complete()
    {
        Assert.Equal(Enum.GetValues<StanzaErrorCondition>(), StanzaErrors.Select(row => row.Data.Item1));
        Assert.Equal(_streamErrors, Enum.GetValues<StreamErrorCondition>().Select(StreamError.WireName));
        Assert.Equal(["auth", "cancel", "continue", "modify", "wait"], Enum.GetValues<StanzaErrorType>().Select(StanzaError.WireName));
    }

    [Theory]
    [InlineData(StanzaErrorCondition.Gone, true)]
    [InlineData(StanzaErrorCondition.Redirect, true)]
    [InlineData(StanzaErrorCondition.NotAllowed, false)]
    public void A_new_address_is_the_content_of_gone_and_redirect_and_of_nothing_else(StanzaErrorCondition condition, bool carried)
    {
        var error = StanzaError.Of(condition) with { NewAddress = "xmpp:romeo@afterlife.example.net" };

        var element = error.ToElement();

        Assert.Equal(carried ? error.NewAddress : "", element.Elements.First().Text);
        Assert.Equal(carried ? error.NewAddress : null, StanzaError.Parse(Bounce(element))?.NewAddress);
    }

    [Fact]
    public void A_stanza_error_carries_who_found_it_a_text_and_a_condition_of_the_application()
    {
        var error = new StanzaError(
            StanzaErrorCondition.UnexpectedRequest, StanzaErrorType.Modify, "Not subscribed.",
            new Element("http://jabber.org/protocol/pubsub#errors", "not-subscribed"))
        {
            By = Jid.Parse("pubsub.example.com"),
        };

        var element = error.ToElement(Namespaces.Server);

        Assert.Equal(new(Namespaces.Server, "error"), element.Name);
        Assert.Equal(("modify", "pubsub.example.com"), (element["type"], element["by"]));
        Assert.Equal(["unexpected-request", "text", "not-subscribed"], element.Elements.Select(child => child.Name.Local));
        Assert.Equal("en", element.Child(Namespaces.StanzaErrors, "text")?.Attribute(new(Namespaces.Xml, "lang")));
        Assert.Equal(error, StanzaError.Parse(new Element(Namespaces.Server, "iq", element)));
    }

    [Fact]
    public void What_cannot_be_understood_of_a_stanza_error_gets_the_nearest_meaning()
    {
        var unknown = new Element(Namespaces.Client, "error",
            Element.Attr("type", "never"), Element.Attr("by", "@"), new Element(Namespaces.StanzaErrors, "invented-later"));

        Assert.Equal(StanzaError.Of(StanzaErrorCondition.UndefinedCondition), StanzaError.Parse(Bounce(unknown)));
        Assert.Equal(
            StanzaError.Of(StanzaErrorCondition.UndefinedCondition), StanzaError.Parse(Bounce(new Element(Namespaces.Client, "error"))));
        Assert.Null(StanzaError.Parse(new Element(Namespaces.Client, "iq")));
    }

    [Fact]
    public void A_stream_error_carries_a_text_and_a_condition_of_the_application()
    {
        var error = new StreamError(
            StreamErrorCondition.PolicyViolation, "Too many stanzas.", new Element("http://example.org/ns", "slow-down")).ToElement();

        Assert.Equal(new(Namespaces.Stream, "error"), error.Name);
        Assert.Equal(
            [
                new(Namespaces.StreamErrors, "policy-violation"),
                new(Namespaces.StreamErrors, "text"),
                new("http://example.org/ns", "slow-down"),
            ],
            error.Elements.Select(child => child.Name));
        Assert.Equal("en", error.Child(Namespaces.StreamErrors, "text")?.Attribute(new(Namespaces.Xml, "lang")));
    }

    [Fact]
    public void See_other_host_names_the_host()
    {
        var error = StreamError.SeeOtherHost("[2001:41D0:1:A49b::1]:9222").ToElement();

        Assert.Equal("[2001:41D0:1:A49b::1]:9222", Assert.Single(error.Elements).Text);
        Assert.Equal("", Assert.Single(new StreamError(StreamErrorCondition.Reset).ToElement().Elements).Text);
    }

    private static Element Bounce(Element error) => new(Namespaces.Client, "iq", Element.Attr("type", "error"), error);
}
