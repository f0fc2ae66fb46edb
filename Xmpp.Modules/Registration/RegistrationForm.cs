using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Registration;

/// <summary>What is asked of who registers or changes a password, and how it is answered (XEP-0077 §3, §4).</summary>
internal static class RegistrationForm
{
    public const string Ns = "jabber:iq:register";

    public static XmlName Query { get; } = new(Ns, "query");

    /// <summary>§6: with a challenge a form and instructions, else the fields of old.</summary>
    /// <param name="username">The one that an invitation is for, or null.</param>
    public static Element Ask(string instructions, string? username, RegistrationChallenge? challenge)
    {
        var query = new Element(Query, new Element(Ns, "instructions", instructions));
        if (challenge is null)
            return query.Add(new Element(Ns, "username", username), new Element(Ns, "password"));
        var form = DataForm.Of(DataFormType.Form, Ns,
        [
            .. challenge.Fields,
            FormField.Text("username", "Username", username) with { IsRequired = true },
            new FormField("password", FormFieldType.TextPrivate) { Label = "Password", IsRequired = true },
        ]);
        return query.Add((form with { Instructions = [instructions] }).ToElement());
    }

    /// <summary>Reads what was submitted, by form or by the fields of old.</summary>
    /// <param name="query">The payload.</param>
    /// <param name="formType">The form that it may be.</param>
    /// <param name="answer">Complete only as far as the client was.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public static StanzaError? Read(Element query, string formType, out Answer answer)
    {
        answer = new(query.Child(Ns, "username")?.Text, query.Child(Ns, "password")?.Text, null);
        if (query.Child(DataForm.Name) is not { } x)
            return null;
        // §4: never both.
        if (answer is not { Username: null, Password: null } || DataForm.Parse(x) is not { Type: DataFormType.Submit } form)
            return StanzaError.Of(StanzaErrorCondition.BadRequest);
        answer = new(form.Value("username"), form.Value("password"), form);
        return form.FormType is { } given && given != formType
            ? StanzaError.Of(StanzaErrorCondition.NotAcceptable, $"The form is '{formType}'.")
            : null;
    }

    /// <param name="Form">Null when the fields of old were used.</param>
    public readonly record struct Answer(string? Username, string? Password, DataForm? Form)
    {
        /// <summary>The account meant: the localpart, or its whole address; null when it can't be one.</summary>
        public Jid? AccountAt(string host)
        {
            if (string.IsNullOrEmpty(Username))
                return null;
            if (Jid.TryCreate(Username, host, null, out var account))
                return account;
            return Jid.TryParse(Username, out var address) && address is { Local: not null, IsBare: true } && address.Domain == host
                ? address
                : null;
        }
    }
}
