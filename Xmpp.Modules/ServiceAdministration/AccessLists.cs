using System.Collections.Frozen;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0133 §4.11 and §4.12: with whom a host's users communicate, both ways. The blacklist names who is kept out, local users too.
/// The whitelist, when it isn't empty, names who of other domains may come in.
/// </summary>
internal sealed class AccessLists(ISettingStore settings, IHostDirectory hosts)
{
    private static readonly StanzaError NotAllowed =
        StanzaError.Of(StanzaErrorCondition.NotAllowed, "This server doesn't let the two of you communicate.");

    private readonly HostSetting<AddressList> _black = new(settings, "blacklist", AddressList.Read, list => list.Write());
    private readonly HostSetting<AddressList> _white = new(settings, "whitelist", AddressList.Read, list => list.Write());

    public void Register(IModuleBuilder builder)
    {
        var commands = new AdminCommands(builder);
        Add("edit-blacklist", "Edit Blacklist", "Editing the Blacklist", "blacklistjids", "The blacklist",
            "Fill out this form to edit the list of entities with whom communications are disallowed.", _black);
        // The text of §4.12 names the node otherwise than its examples, which agree with §4.11.
        Add("edit-whitelist", "Edit Whitelist", "Editing the Whitelist", "whitelistjids", "The whitelist",
            "Fill out this form to edit the list of entities with whom communications are allowed.", _white);
        builder.Guard(GuardAsync);

        void Add(
            string node, string name, string title, string var, string label, string instructions, HostSetting<AddressList> setting) =>
            commands.Add(node, name, async (request, cancellationToken) => CommandStep.Ask(
                AdminForms.Ask(title, instructions,
                    AdminForms.Jids(var, label, (await setting.GetAsync(request.Host, cancellationToken)).Addresses)),
                (submission, form, cancellation) => SetAsync(submission, form.Jids(var), setting, cancellation)));
    }

    private static async ValueTask<CommandStep> SetAsync(
        CommandRequest request, IReadOnlyList<Jid> addresses, HostSetting<AddressList> setting, CancellationToken cancellationToken)
    {
        if (addresses.FirstOrDefault(address => address.Domain == request.Host && address.Local is null) is { } self)
            return CommandStep.Fail(StanzaErrorCondition.NotAllowed, $"{self} is the service itself.");
        await setting.SetAsync(request.Host, new AddressList(addresses), cancellationToken);
        return CommandStep.Done(addresses.Count == 1 ? "The list has 1 entry." : $"The list has {addresses.Count} entries.");
    }

    private ValueTask<GuardVerdict> GuardAsync(GuardedStanza stanza, CancellationToken cancellationToken) =>
        _black.Find(stanza.Account.Domain) is { } black && _white.Find(stanza.Account.Domain) is { } white
            ? new(Judge(stanza, black, white))
            : LoadAndJudgeAsync(stanza, cancellationToken);

    private async ValueTask<GuardVerdict> LoadAndJudgeAsync(GuardedStanza stanza, CancellationToken cancellationToken)
    {
        var black = await _black.GetAsync(stanza.Account.Domain, cancellationToken);
        return Judge(stanza, black, await _white.GetAsync(stanza.Account.Domain, cancellationToken));
    }

    private GuardVerdict Judge(GuardedStanza stanza, AddressList black, AddressList white)
    {
        if (black.IsEmpty && white.IsEmpty)
            return GuardVerdict.Pass;
        var (account, peer) = (stanza.Account, stanza.Peer);
        // What a user does with the service itself, or its resources among themselves, is no communication with others.
        if (peer.Bare == account || (peer.Local is null && hosts.IsLocal(peer)))
            return GuardVerdict.Pass;
        var isAllowed = !black.Contains(peer) && !black.Contains(account)
            && (white.IsEmpty || peer.Domain == account.Domain || white.Contains(peer));
        return isAllowed ? GuardVerdict.Pass : GuardVerdict.Refuse(NotAllowed);
    }

    /// <summary>Addresses that stand for those below them, as in XEP-0016: a domain for all there, an account for its resources.</summary>
    private sealed class AddressList(IEnumerable<Jid> addresses)
    {
        private readonly FrozenSet<Jid> _addresses = addresses.ToFrozenSet();
        private readonly FrozenSet<string> _domains =
            addresses.Where(address => address is { Local: null, IsBare: true }).Select(address => address.Domain).ToFrozenSet();

        public bool IsEmpty => _addresses.Count == 0;

        public IEnumerable<string> Addresses => _addresses.Select(address => address.ToString()).Order(StringComparer.Ordinal);

        public static AddressList Read(string? stored) =>
            new((stored?.Split('\n') ?? []).Select(line => Jid.TryParse(line, out var jid) ? jid : null).OfType<Jid>());

        public string? Write() => IsEmpty ? null : string.Join('\n', Addresses);

        public bool Contains(Jid jid) =>
            !IsEmpty && (_addresses.Contains(jid) || _addresses.Contains(jid.Bare) || _domains.Contains(jid.Domain));
    }
}
