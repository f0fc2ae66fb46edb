using System.Collections.Frozen;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules.Registration;

/// <summary>Makes accounts for clients that have not authenticated (XEP-0077 §3.1), with or without an invitation (XEP-0445).</summary>
[Xep(445, "0.2.0")]
public sealed class Registrar(
    IAccountService accounts, IAccountStore store, IInvitationStore invitations, IAdministrators administrators,
    Subscriptions subscriptions, RegistrationOptions options, TimeProvider time)
{
    private const string StreamFeature = "http://jabber.org/features/iq-register";
    private const string TokenFeature = "urn:xmpp:ibr-token:0";
    private const string PreAuthentication = "urn:xmpp:pars:0";

    /// <summary>On one stream.</summary>
    private const int MaxTokens = 10;

    private static readonly SessionKey<Progress> Key = new();

    private readonly FrozenSet<string> _reservedNames = options.ReservedNames
        .Select(name => Jid.TryCreate(name, "localhost", null, out var jid) ? jid.Local! : name)
        .ToFrozenSet(StringComparer.Ordinal);

    private readonly RegistrationLimiter _limiter = new(options, time);

    // An invitation is used up when the account is there and not before (XEP-0445 §4), so one account is made by one at a time.
    private SemaphoreSlim Redeeming { get; } = new(1);

    private string Instructions =>
        $"Choose a username, and a password of at least {options.MinimumPasswordLength} characters, for use with this service.";

    public void Register(IModuleBuilder builder)
    {
        if (options.Access == RegistrationAccess.Closed)
        {
            // §3.1: who doesn't support it says so, where any other stanza would end the stream.
            foreach (var type in Enum.GetValues<IqType>())
            {
                builder.UnauthenticatedIq(
                    type, RegistrationForm.Query, (_, _) => new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable)));
            }
            return;
        }
        builder.StreamFeature(NegotiationPhase.Secured, _ => new Element(StreamFeature, "register"));
        builder.StreamFeature(NegotiationPhase.Secured, _ => new Element(TokenFeature, "register"));
        builder.UnauthenticatedIq(IqType.Get, RegistrationForm.Query, (iq, _) => new(Ask(iq)));
        builder.UnauthenticatedIq(IqType.Set, RegistrationForm.Query, RegisterAsync);
        builder.UnauthenticatedIq(IqType.Set, new XmlName(PreAuthentication, "preauth"), ShowInvitationAsync);
    }

    public async ValueTask<bool> ExistsAsync(Jid account, CancellationToken cancellationToken) =>
        await store.FindAsync(account, cancellationToken) is not null;

    /// <summary>XEP-0445 §4: from here on its expiry doesn't matter to this stream.</summary>
    private async ValueTask<IqReply> ShowInvitationAsync(UnauthenticatedIq iq, CancellationToken cancellationToken)
    {
        var progress = ProgressOf(iq.Stream);
        if (++progress.Tokens > MaxTokens)
            throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Too many invitations were tried.");
        if (iq.Payload["token"] is not { Length: > 0 } token)
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        var now = time.GetUtcNow();
        if (await invitations.FindAsync(token, now, cancellationToken) is not { AllowsAccount: true } invitation
            || invitation.Host != iq.Stream.Host)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound, "The invitation is unknown, used up or expired.");
        iq.Stream.ExtraTime = options.FormTime;
        (progress.Invitation, progress.ShownAt) = (invitation, now);
        return IqReply.Result();
    }

    private IqReply Ask(UnauthenticatedIq iq)
    {
        var progress = ProgressOf(iq.Stream);
        if (Refusal(progress) is { } refusal)
            return IqReply.Failed(refusal);
        iq.Stream.ExtraTime = options.FormTime;
        progress.Challenge = progress.Invitation is null ? RegistrationChallenge.Create(options, iq.Id) : null;
        return IqReply.Result(RegistrationForm.Ask(Instructions, progress.Invitation?.Username, progress.Challenge));
    }

    private StanzaError? Refusal(Progress progress) => progress switch
    {
        { HasRegistered: true } => StanzaError.Of(StanzaErrorCondition.NotAcceptable, "An account was made already."), // §3.1.1
        { Invitation: null } when options.Access == RegistrationAccess.Invited =>
            StanzaError.Of(StanzaErrorCondition.NotAllowed, "An invitation is needed to register here."),
        _ => null,
    };

    private async ValueTask<IqReply> RegisterAsync(UnauthenticatedIq iq, CancellationToken cancellationToken)
    {
        if (iq.Payload.Child(RegistrationForm.Ns, "remove") is not null)
            return IqReply.Failed(StanzaErrorCondition.UnexpectedRequest); // §3.2, §3.3
        var (progress, address) = (ProgressOf(iq.Stream), iq.Stream.Address);
        if (Refusal(progress) is { } refusal)
            return IqReply.Failed(refusal);
        if (progress.Invitation is null && !_limiter.TryAttempt(address))
            return TooMany;
        if (RegistrationForm.Read(iq.Payload, RegistrationForm.Ns, out var answer) is { } problem)
            return IqReply.Failed(problem);
        if (answer is not { Username.Length: > 0, Password.Length: > 0 })
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, "Username and password are required."); // §3.1
        if (answer.AccountAt(iq.Stream.Host) is not { } account)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, "The username has characters that none may have.");
        if (Passwords.Problem(answer.Password, options) is { } weakness)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, weakness);
        if (progress.Invitation is null && ChallengeProblem(progress, answer, iq.Stream.Host) is { } wrong)
            return IqReply.Failed(wrong);
        if (progress.Invitation?.Username is { } only && account.Local != only)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, $"The invitation is for the username {only}.");
        if (await IsTakenAsync(account, progress.Invitation, cancellationToken))
            return Taken;
        if (await accounts.MakeKeysAsync(answer.Password, cancellationToken) is not { } keys)
            return IqReply.Failed(StanzaErrorCondition.NotAcceptable, Passwords.NotPossible);

        var reply = progress.Invitation is { } invitation
            ? await RedeemAsync(account, keys, invitation, progress.ShownAt, cancellationToken)
            : await AddAsync(account, keys, address, cancellationToken);
        progress.HasRegistered = reply.Error is null;
        return reply;
    }

    /// <summary>XEP-0158 §4.1.4: a challenge that isn't waiting, or a wrong answer, after which a new one has to be asked for.</summary>
    private StanzaError? ChallengeProblem(Progress progress, RegistrationForm.Answer answer, string host)
    {
        if (options is { Questions.Count: 0, ProofOfWorkBits: 0 })
            return null;
        if (answer.Form is not { } form)
            return StanzaError.Of(StanzaErrorCondition.NotAcceptable, "The form has to be filled out.");
        if (progress.Challenge is not { } challenge || form.Value("challenge") != challenge.Id)
            return StanzaError.Of(StanzaErrorCondition.ServiceUnavailable, "The form was not asked for, or answered before.");
        if (challenge.IsAnsweredBy(form, host))
            return null; // It holds until the name is one that can be had.
        progress.Challenge = null;
        return new(StanzaErrorCondition.NotAcceptable, StanzaErrorType.Cancel, "The answer is wrong.");
    }

    /// <summary>Whether a name is in use, or kept for others: a name that is reserved is no different from one that is taken.</summary>
    private async ValueTask<bool> IsTakenAsync(Jid account, Invitation? invitation, CancellationToken cancellationToken)
    {
        var isInvited = invitation?.Username is not null;
        if (!isInvited && (_reservedNames.Contains(account.Local!) || administrators.IsAdministrator(account, account.Domain)))
            return true;
        return await ExistsAsync(account, cancellationToken)
            || (!isInvited && await invitations.IsReservedAsync(account.Domain, account.Local!, time.GetUtcNow(), cancellationToken));
    }

    private async ValueTask<IqReply> AddAsync(
        Jid account, IReadOnlyList<ScramKeys> keys, System.Net.IPAddress address, CancellationToken cancellationToken)
    {
        if (!_limiter.TryTake(address))
            return TooMany;
        var isAdded = false;
        try
        {
            isAdded = await accounts.AddAsync(account, keys, cancellationToken);
        }
        finally
        {
            if (!isAdded)
                _limiter.Return(address);
        }
        return isAdded ? IqReply.Result() : Taken;
    }

    private async ValueTask<IqReply> RedeemAsync(
        Jid account, IReadOnlyList<ScramKeys> keys, Invitation invitation, DateTimeOffset shownAt, CancellationToken cancellationToken)
    {
        await Redeeming.WaitAsync(cancellationToken);
        try
        {
            if (await invitations.FindAsync(invitation.Token, shownAt, cancellationToken) is null)
                return IqReply.Failed(StanzaErrorCondition.NotAllowed, "The invitation is used up.");
            if (!await accounts.AddAsync(account, keys, cancellationToken))
                return Taken;
            await invitations.UseAsync(invitation.Token, shownAt, cancellationToken);
        }
        finally
        {
            Redeeming.Release();
        }
        if (invitation.Inviter is { } inviter)
            await BefriendAsync(account, inviter, cancellationToken);
        return IqReply.Result();
    }

    /// <summary>XEP-0401 §5.5. The account is made whatever becomes of this: who has it can still ask the inviter.</summary>
    private async ValueTask BefriendAsync(Jid account, Jid inviter, CancellationToken cancellationToken)
    {
        try
        {
            await subscriptions.MakeContactsAsync(inviter, account, cancellationToken);
        }
        catch (StoreException)
        {
            // The store says itself that it is ill.
        }
    }

    private static IqReply Taken => IqReply.Failed(StanzaErrorCondition.Conflict, "The username is taken.");

    private static IqReply TooMany => IqReply.Failed(StanzaErrorCondition.ResourceConstraint, "Too many registrations; try again later.");

    private static Progress ProgressOf(UnauthenticatedStream stream)
    {
        if (stream.State.Get(Key) is { } progress)
            return progress;
        progress = new Progress();
        stream.State.Set(Key, progress);
        return progress;
    }

    /// <summary>How far a stream has come.</summary>
    private sealed class Progress
    {
        /// <summary>The one that waits for an answer, or was answered rightly.</summary>
        public RegistrationChallenge? Challenge { get; set; }

        public Invitation? Invitation { get; set; }

        public DateTimeOffset ShownAt { get; set; }

        public int Tokens { get; set; }

        public bool HasRegistered { get; set; }
    }
}
