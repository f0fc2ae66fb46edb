using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Storage;

namespace Xmpp.Core.Sasl;

/// <summary>
/// The server's side of a SCRAM exchange (RFC 5802 §5). Accounts that don't exist take the same path as those that do, with
/// keys that no password fits.
/// </summary>
internal sealed class ScramExchange(ScramMechanism mechanism, SaslContext context) : SaslExchange
{
    private readonly ScramHash _hash = mechanism.Hash;

    private bool _asked;
    private State? _state;

    /// <summary>What the first step leaves for the second.</summary>
    /// <param name="Jid">Whom the client wants to be.</param>
    /// <param name="Account">The account; null when there is none with keys of this hash.</param>
    /// <param name="Keys">Its keys, or decoys.</param>
    /// <param name="ChannelBinding">The only right value of "c=".</param>
    /// <param name="Nonce">The only right value of "r=".</param>
    /// <param name="AuthMessageStart">The AuthMessage (§3) up to and with the comma before client-final-message-without-proof.</param>
    private sealed record State(
        Jid Jid, Account? Account, ScramKeys Keys, byte[] ChannelBinding, byte[] Nonce, byte[] AuthMessageStart);

    protected override ValueTask<SaslOutcome> StepAsync(ReadOnlyMemory<byte>? message, CancellationToken cancellationToken)
    {
        if (message is { } received)
            return _state is null ? FirstAsync(received, cancellationToken) : new(Final(received.Span, _state));

        // The client has to speak first (RFC 5802 §5): without an initial response it is asked to, once.
        if (_asked || _state is not null)
            return new(Malformed());
        _asked = true;
        return new(new SaslOutcome.Challenge(ReadOnlyMemory<byte>.Empty));
    }

    private async ValueTask<SaslOutcome> FirstAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (!ClientFirstMessage.TryParse(message.Span, out var first))
            return Malformed();
        if (!TryBindChannel(first, out var bindingData, out var refusal))
            return refusal;
        if (context.AccountOf(first.Username) is not { } jid)
            return new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: first.Username);
        if (!context.MayActAs(jid, first.AuthorizationId))
            return new SaslOutcome.Failure(SaslFailureCondition.InvalidAuthzid, Username: jid.Local);

        var account = await context.Accounts.FindAsync(jid, cancellationToken);
        // Made for every account, so that one that exists isn't answered sooner.
        var decoy = mechanism.Decoys.For(jid, _hash);
        var keys = account is null ? null : PasswordKeys.Find(account.Keys, _hash);
        if (keys is null)
            (account, keys) = (null, decoy);

        var nonce = first.Nonce + mechanism.NewNonce();
        var challenge = $"r={nonce},s={Convert.ToBase64String(keys.Salt.Span)},i={keys.Iterations}";
        if (DowngradeProtection.HashOfOffer(context, _hash) is { } offer)
            challenge += $",h={offer}";

        var bytes = message.Span;
        byte[] serverFirst = Encoding.ASCII.GetBytes(challenge);
        _state = new State(
            jid,
            account,
            keys,
            Base64Bytes([.. bytes[..first.HeaderLength], .. bindingData]),
            Encoding.ASCII.GetBytes(nonce),
            [.. bytes[first.HeaderLength..], (byte)',', .. serverFirst, (byte)',']);
        return new SaslOutcome.Challenge(serverFirst);
    }

    /// <summary>RFC 5802 §6: the client's flag fits this mechanism, and nobody has taken the -PLUS forms out of the offer.</summary>
    private bool TryBindChannel(ClientFirstMessage first, out byte[] data, [NotNullWhen(false)] out SaslOutcome.Failure? refusal)
    {
        (data, refusal) = ([], null);
        if (first.Flag is Gs2Flag.Used != mechanism.BindsChannel)
            refusal = Malformed();
        else if (first.Flag is Gs2Flag.NotOffered && context.OffersChannelBinding)
            refusal = NotAuthorized(first.Username, "The server does support channel binding.") with { IsGuess = false };
        else if (first.BindingType is { } type && !TryGetBinding(type, out data))
            refusal = NotAuthorized(first.Username, "The channel binding type is not supported.") with { IsGuess = false };
        return refusal is null;
    }

    private bool TryGetBinding(string type, out byte[] data)
    {
        data = context.ChannelBinding is { } binding && binding.Types.Contains(type) ? binding.Get(type) ?? [] : [];
        return data.Length > 0;
    }

    private SaslOutcome Final(ReadOnlySpan<byte> message, State state)
    {
        Span<byte> proof = stackalloc byte[_hash.Length];
        if (!ClientFinalMessage.TryParse(message, out var final) || !TryDecodeProof(final.Proof, proof))
            return Malformed();
        if (!CryptographicOperations.FixedTimeEquals(final.ChannelBinding, state.ChannelBinding)
            || !CryptographicOperations.FixedTimeEquals(final.Nonce, state.Nonce))
        {
            return NotAuthorized(state.Jid.Local);
        }

        byte[] authMessage = [.. state.AuthMessageStart, .. final.WithoutProof];
        Span<byte> serverSignature = stackalloc byte[_hash.Length];
        var proven = IsProven(authMessage, proof, state.Keys.StoredKey.Span);
        _hash.Hmac(state.Keys.ServerKey.Span, authMessage, serverSignature);

        if (!proven || state.Account is not { } account)
            return NotAuthorized(state.Jid.Local);
        return account.Enabled
            ? new SaslOutcome.Success(state.Jid, Encoding.ASCII.GetBytes($"v={Convert.ToBase64String(serverSignature)}"))
            : new SaslOutcome.Failure(SaslFailureCondition.AccountDisabled, Username: state.Jid.Local);
    }

    /// <summary>Whether H(ClientProof XOR HMAC(StoredKey, AuthMessage)) is StoredKey (RFC 5802 §3). Overwrites the proof.</summary>
    private bool IsProven(ReadOnlySpan<byte> authMessage, Span<byte> proof, ReadOnlySpan<byte> storedKey)
    {
        Span<byte> clientSignature = stackalloc byte[_hash.Length];
        _hash.Hmac(storedKey, authMessage, clientSignature);
        for (var i = 0; i < proof.Length; i++)
            proof[i] ^= clientSignature[i];

        Span<byte> hashed = stackalloc byte[_hash.Length];
        _hash.Hash(proof, hashed);
        CryptographicOperations.ZeroMemory(proof);
        return CryptographicOperations.FixedTimeEquals(hashed, storedKey);
    }

    private static bool TryDecodeProof(ReadOnlySpan<byte> base64, Span<byte> proof) =>
        // The decoder skips white space, which has no place here: hence the check of the length.
        base64.Length == Base64.GetMaxEncodedToUtf8Length(proof.Length)
        && Base64.DecodeFromUtf8(base64, proof, out _, out var written) is OperationStatus.Done && written == proof.Length;

    private static byte[] Base64Bytes(ReadOnlySpan<byte> data)
    {
        var encoded = new byte[Base64.GetMaxEncodedToUtf8Length(data.Length)];
        Base64.EncodeToUtf8(data, encoded, out _, out _);
        return encoded;
    }

    private static SaslOutcome.Failure Malformed() => new(SaslFailureCondition.MalformedRequest);

    private static SaslOutcome.Failure NotAuthorized(string? username, string? text = null) =>
        new(SaslFailureCondition.NotAuthorized, text, username);
}
