using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Registration;

/// <summary>
/// XEP-0077 In-Band Registration: accounts are made before authentication if the operator wants it (<see cref="Registrar"/>); who
/// has one may always change the password and give the account up.
/// </summary>
[Xep(77, "2.4")]
public sealed class InBandRegistration(IAccountService accounts, Registrar registrar, RegistrationOptions options) : IXmppModule
{
    private const string ChangePassword = "jabber:iq:register:changepassword";

    public void Register(IModuleBuilder builder)
    {
        const IqTarget targets = IqTarget.Server | IqTarget.OwnAccount;
        builder.Feature(IqTarget.Server, RegistrationForm.Ns);
        builder.Iq(IqType.Get, targets, RegistrationForm.Query, GetAsync);
        builder.Iq(IqType.Set, targets, RegistrationForm.Query, SetAsync);
        registrar.Register(builder);
    }

    /// <summary>§3.1: what is on file. The password isn't.</summary>
    private async ValueTask<IqReply> GetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var account = iq.From.Bare;
        if (!await registrar.ExistsAsync(account, cancellationToken))
            return IqReply.Failed(StanzaErrorCondition.NotAllowed, "This session has no account.");
        return IqReply.Result(new Element(RegistrationForm.Query,
            new Element(RegistrationForm.Ns, "registered"),
            new Element(RegistrationForm.Ns, "instructions", "Choose a new password, or remove the account."),
            new Element(RegistrationForm.Ns, "username", account.Local),
            new Element(RegistrationForm.Ns, "password")));
    }

    private ValueTask<IqReply> SetAsync(IqRequest iq, CancellationToken cancellationToken) =>
        iq.Payload.Child(RegistrationForm.Ns, "remove") is null
            ? ChangePasswordAsync(iq, cancellationToken)
            : RemoveAsync(iq, cancellationToken);

    /// <summary>§3.2: first the result, then the end of all sessions.</summary>
    private async ValueTask<IqReply> RemoveAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Payload.Elements.Count() != 1)
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        return await accounts.RemoveAsync(iq.From.Bare, iq.Session, cancellationToken)
            ? IqReply.ResultThenEnd(new(StreamErrorCondition.NotAuthorized, "The account was removed."))
            : IqReply.Failed(StanzaErrorCondition.RegistrationRequired);
    }

    /// <summary>§3.3. This session goes on; those that logged in by the old password don't.</summary>
    private async ValueTask<IqReply> ChangePasswordAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var account = iq.From.Bare;
        if (RegistrationForm.Read(iq.Payload, ChangePassword, out var answer) is { } problem)
            return IqReply.Failed(problem);
        if (answer is not { Username.Length: > 0, Password.Length: > 0 })
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "Username and password are required.");
        if (answer.AccountAt(account.Domain) != account)
            return IqReply.Failed(StanzaErrorCondition.NotAllowed, $"The password of {account} only can be changed.");
        if (Passwords.Problem(answer.Password, options) is { } weakness)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, weakness);
        if (await accounts.MakeKeysAsync(answer.Password, cancellationToken) is not { } keys)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, Passwords.NotPossible);
        return await accounts.SetKeysAsync(account, keys, iq.Session, cancellationToken)
            ? IqReply.Result()
            : IqReply.Failed(StanzaErrorCondition.UnexpectedRequest);
    }
}
