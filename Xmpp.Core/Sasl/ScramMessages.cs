using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Xmpp.Core.Sasl;

/// <summary>The gs2-cbind-flag: what the client says about channel binding (RFC 5802 §6, §7).</summary>
internal enum Gs2Flag
{
    /// <summary>"n": the client doesn't support it.</summary>
    NotSupported,

    /// <summary>"y": the client supports it and believes that the server doesn't.</summary>
    NotOffered,

    /// <summary>"p": the client binds to the type it names.</summary>
    Used,
}

/// <summary>The client-first-message (RFC 5802 §7).</summary>
/// <param name="Flag">The gs2-cbind-flag.</param>
/// <param name="BindingType">The cb-name with <see cref="Gs2Flag.Used"/>, else null.</param>
/// <param name="AuthorizationId">The authzid, unescaped, or null.</param>
/// <param name="Username">The authentication identity, unescaped.</param>
/// <param name="Nonce">The client's part of the nonce.</param>
/// <param name="HeaderLength">Length of the gs2-header, in bytes; client-first-message-bare is what follows it.</param>
internal sealed record ClientFirstMessage(
    Gs2Flag Flag, string? BindingType, string? AuthorizationId, string Username, string Nonce, int HeaderLength)
{
    public static bool TryParse(ReadOnlySpan<byte> message, [NotNullWhen(true)] out ClientFirstMessage? parsed)
    {
        parsed = null;
        var attributes = new ScramAttributes(message);
        if (!Utf8.IsValid(message)
            || !attributes.TryReadFlag(out var flag, out var bindingType)
            || !attributes.TryReadAuthorizationId(out var authorizationId))
        {
            return false;
        }
        var headerLength = attributes.Position;

        // A reserved-mext ("m=") in front of the username fails here, as it must (§5.1).
        if (!attributes.TryRead((byte)'n', out var name) || !ScramAttributes.TryUnescape(name, out var username)
            || !attributes.TryRead((byte)'r', out var nonce) || !ScramAttributes.IsPrintable(nonce)
            || !attributes.TryReadExtensions())
        {
            return false;
        }
        parsed = new(flag, bindingType, authorizationId, username, Encoding.ASCII.GetString(nonce), headerLength);
        return true;
    }
}

/// <summary>The client-final-message (RFC 5802 §7), as spans of its bytes.</summary>
internal readonly ref struct ClientFinalMessage
{
    /// <summary>Value of "c=": base64 of the gs2-header and the channel binding data.</summary>
    public ReadOnlySpan<byte> ChannelBinding { get; private init; }

    /// <summary>Value of "r=".</summary>
    public ReadOnlySpan<byte> Nonce { get; private init; }

    /// <summary>Value of "p=", base64.</summary>
    public ReadOnlySpan<byte> Proof { get; private init; }

    /// <summary>The message up to the comma before the proof: what the proof is computed over.</summary>
    public ReadOnlySpan<byte> WithoutProof { get; private init; }

    public static bool TryParse(ReadOnlySpan<byte> message, out ClientFinalMessage parsed)
    {
        parsed = default;
        var proofStart = message.LastIndexOf(",p="u8);
        if (!Utf8.IsValid(message) || proofStart < 0)
            return false;

        var withoutProof = message[..proofStart];
        var attributes = new ScramAttributes(withoutProof);
        if (!attributes.TryRead((byte)'c', out var binding)
            || !attributes.TryRead((byte)'r', out var nonce)
            || !attributes.TryReadExtensions())
        {
            return false;
        }
        parsed = new() { ChannelBinding = binding, Nonce = nonce, Proof = message[(proofStart + 3)..], WithoutProof = withoutProof };
        return true;
    }
}

/// <summary>Reads the comma-separated attributes of a SCRAM message, strictly in the order that RFC 5802 §7 gives.</summary>
internal ref struct ScramAttributes(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private bool _atEnd;

    /// <summary>Where the next attribute starts.</summary>
    public int Position { get; private set; }

    /// <summary>gs2-cbind-flag = ("p=" cb-name) / "n" / "y"</summary>
    public bool TryReadFlag(out Gs2Flag flag, out string? bindingType)
    {
        (flag, bindingType) = (Gs2Flag.NotSupported, null);
        if (!TryReadField(out var field))
            return false;
        switch (field)
        {
            case [(byte)'n']:
                return true;
            case [(byte)'y']:
                flag = Gs2Flag.NotOffered;
                return true;
            case [(byte)'p', (byte)'=', .. { Length: > 0 } name] when IsBindingName(name):
                (flag, bindingType) = (Gs2Flag.Used, Encoding.ASCII.GetString(name));
                return true;
            default:
                return false;
        }
    }

    /// <summary>[ authzid ], "a=" saslname</summary>
    public bool TryReadAuthorizationId(out string? authorizationId)
    {
        authorizationId = null;
        return TryReadField(out var field) && !_atEnd
            && (field.IsEmpty || (field.StartsWith("a="u8) && TryUnescape(field[2..], out authorizationId)));
    }

    /// <summary>The attribute that has to come next, with its value.</summary>
    public bool TryRead(byte name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryReadField(out var field) || field.Length < 3 || field[0] != name || field[1] != (byte)'=')
            return false;
        value = field[2..];
        return true;
    }

    /// <summary>
    /// Skips optional extensions to the end: well-formed and unknown ones are ignored, and those of RFC 5802's own
    /// attributes are out of place, "m" above all (§5.1).
    /// </summary>
    public bool TryReadExtensions()
    {
        while (!_atEnd)
        {
            if (!TryReadField(out var field)
                || field.Length < 3 || !char.IsAsciiLetter((char)field[0]) || field[1] != (byte)'='
                || "anmrcsipve"u8.Contains(field[0]) || field.Contains((byte)0))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>saslname = 1*(value-safe-char / "=2C" / "=3D")</summary>
    public static bool TryUnescape(ReadOnlySpan<byte> name, [NotNullWhen(true)] out string? unescaped)
    {
        unescaped = null;
        if (name.IsEmpty || name.Contains((byte)0))
            return false;

        if (name.Contains((byte)'='))
        {
            var buffer = new byte[name.Length];
            var length = 0;
            for (var i = 0; i < name.Length; i++)
            {
                buffer[length] = name[i];
                if (name[i] == (byte)'=')
                {
                    if (name[i..].StartsWith("=2C"u8))
                        buffer[length] = (byte)',';
                    else if (!name[i..].StartsWith("=3D"u8))
                        return false;
                    i += 2;
                }
                length++;
            }
            name = buffer.AsSpan(0, length);
        }
        unescaped = Encoding.UTF8.GetString(name);
        return true;
    }

    /// <summary>printable = %x21-2B / %x2D-7E; the comma can't be there, it separates.</summary>
    public static bool IsPrintable(ReadOnlySpan<byte> value) => !value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);

    /// <summary>cb-name = 1*(ALPHA / DIGIT / "." / "-")</summary>
    private static bool IsBindingName(ReadOnlySpan<byte> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)c) && c is not ((byte)'.' or (byte)'-'))
                return false;
        }
        return true;
    }

    private bool TryReadField(out ReadOnlySpan<byte> field)
    {
        field = default;
        if (_atEnd)
            return false;
        var rest = _message[Position..];
        var comma = rest.IndexOf((byte)',');
        _atEnd = comma < 0;
        field = _atEnd ? rest : rest[..comma];
        Position += field.Length + (_atEnd ? 0 : 1);
        return true;
    }
}
