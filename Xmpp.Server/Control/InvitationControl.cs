using System.Runtime.CompilerServices;
using Xmpp.Core.Storage;
using Xmpp.Modules.Invitations;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Control;

/// <summary>Invitations as an operator manages them: in a store, or through the server that has the store open.</summary>
public interface IInvitationControl
{
    /// <exception cref="ControlException">Why there is none.</exception>
    ValueTask<InvitationInfo> CreateAsync(CreateInvitationRequest request, CancellationToken cancellationToken);

    /// <summary>Those of a host that may still be used, the longest valid last.</summary>
    IAsyncEnumerable<InvitationInfo> ListAsync(string host, CancellationToken cancellationToken);

    /// <summary>Withdraws one; false when there was none.</summary>
    ValueTask<bool> RevokeAsync(string token, CancellationToken cancellationToken);
}

/// <summary>Invitations in a store that this process has open.</summary>
/// <param name="options">As configured now.</param>
public sealed class StoreInvitations(IStore store, Func<ServerOptions> options, TimeProvider time) : IInvitationControl
{
    private readonly InvitationBook _book = new(store.Invitations, store.Accounts, time);

    public async ValueTask<InvitationInfo> CreateAsync(CreateInvitationRequest request, CancellationToken cancellationToken)
    {
        var (server, modules) = (options(), options().Modules);
        var host = request.Host ?? request.Contact?.Domain ?? server.Hosts[0];
        if (!server.Hosts.Contains(host))
            throw new ControlException($"{host} is not served here; the hosts are: {string.Join(", ", server.Hosts)}");
        var makesAccounts = modules.InvitedMayRegister();
        if (!makesAccounts && (request.Contact is null || request.Username is not null))
        {
            throw new ControlException(
                "Nobody can register here, also not by invitation: set modules.registration.access to \"invited\" and reload.");
        }
        var (invitation, error) = await _book.CreateAsync(
            new InvitationWish(host, makesAccounts, request.Validity ?? modules.Invitations.Validity)
            {
                Inviter = request.Contact,
                Username = request.Username,
                Uses = request.Uses,
            },
            cancellationToken);
        return invitation is null ? throw new ControlException(error!.Text!) : InfoOf(invitation, modules.Invitations);
    }

    public async IAsyncEnumerable<InvitationInfo> ListAsync(string host, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var invitation in await _book.ListAsync(host, cancellationToken))
            yield return InfoOf(invitation, options().Modules.Invitations);
    }

    public ValueTask<bool> RevokeAsync(string token, CancellationToken cancellationToken) => _book.RevokeAsync(token, cancellationToken);

    private static InvitationInfo InfoOf(Invitation invitation, InvitationOptions options) => new(
        InvitationUri.Of(invitation), InvitationUri.Page(InvitationUri.Of(invitation), options), invitation.Token, invitation.Host,
        invitation.Inviter, invitation.Username, invitation.AllowsAccount, invitation.Expires, invitation.Uses);
}
