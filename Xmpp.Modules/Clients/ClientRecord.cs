using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Clients;

/// <summary>What is kept of a client (see <see cref="ClientAgent"/>). Tokens are in two slots, as XEP-0484 advises.</summary>
/// <param name="FirstSeen">When it logged in first.</param>
/// <param name="LastSeen">When it logged in last, to about an hour.</param>
/// <param name="Software">Its name, or null.</param>
/// <param name="Device">What it runs on, or null.</param>
/// <param name="Password">Of the password that it has shown to know (<see cref="PasswordStamp"/>); null when it has shown none.</param>
/// <param name="HasCertificate">Whether it has logged in by a certificate.</param>
/// <param name="Current">The token that it has used, or null.</param>
/// <param name="New">The token that it was given last and has not used yet, or null.</param>
internal sealed record ClientRecord(
    DateTimeOffset FirstSeen, DateTimeOffset LastSeen, string? Software = null, string? Device = null, string? Password = null,
    bool HasCertificate = false, ClientToken? Current = null, ClientToken? New = null)
{
    public const string Ns = "urn:xmppchat:clients:0";

    public bool HasToken(DateTimeOffset now, Account account) => IsGood(Current, now, account) || IsGood(New, now, account);

    /// <summary>Whether a token still lets its client log in.</summary>
    public static bool IsGood(ClientToken? token, DateTimeOffset now, Account account) =>
        token is not null && token.Expires > now && PasswordStamp.IsOf(account, token.Password);

    /// <summary>Until when it is worth keeping.</summary>
    public DateTimeOffset KeepUntil(TimeSpan keep) => new[]
    {
        LastSeen + keep, Current?.Expires ?? DateTimeOffset.MinValue, New?.Expires ?? DateTimeOffset.MinValue,
    }.Max();

    public ReadOnlyMemory<byte> Write() => StoredXml.Write(new Element(Ns, "client",
        Element.Attr("first", XmppDateTime.Format(FirstSeen)),
        Element.Attr("last", XmppDateTime.Format(LastSeen)),
        Element.Attr("software", Software),
        Element.Attr("device", Device),
        Element.Attr("password", Password),
        HasCertificate ? Element.Attr("certificate", "true") : null,
        Current?.ToElement("current"),
        New?.ToElement("new")));

    public static ClientRecord Read(ReadOnlyMemory<byte> stored)
    {
        var element = StoredXml.Read(stored);
        return new(
            Time(element["first"]), Time(element["last"]), element["software"], element["device"], element["password"],
            element["certificate"] is not null, Token("current"), Token("new"));

        ClientToken? Token(string name) => element.Child(Ns, name) is { } token ? ClientToken.Parse(token) : null;
    }

    internal static DateTimeOffset Time(string? text) =>
        XmppDateTime.TryParse(text, out var time) ? time : throw new FormatException($"'{text}' is not a time.");
}
