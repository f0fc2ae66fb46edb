using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;

namespace Xmpp.Modules.Registration;

/// <summary>
/// XEP-0158 CAPTCHA Forms in registration (§5): a question of the operator's, work for the client's processor (§7.2), or a choice of
/// both, since not everybody can do either (§7.1).
/// </summary>
[Xep(158, "1.0.1")]
internal sealed class RegistrationChallenge
{
    private const string Question = "qa";
    private const string Work = "SHA-256";

    private readonly string _stanzaId;
    private readonly string? _question;
    private readonly string[] _answers = [];
    private readonly uint _work;
    private readonly int _workBits;

    private RegistrationChallenge(RegistrationOptions options, string stanzaId)
    {
        _stanzaId = stanzaId;
        if (options.Questions.Count > 0)
        {
            var question = options.Questions[RandomNumberGenerator.GetInt32(options.Questions.Count)];
            var parts = question.Split('|', StringSplitOptions.TrimEntries);
            (_question, _answers) = (parts[0], parts[1..]);
        }
        if (options.ProofOfWorkBits is > 0 and var bits)
        {
            // §7.2: a number of exactly that many bits.
            var highest = 1u << (bits - 1);
            (_work, _workBits) = (highest | (BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint))) & (highest - 1)), bits);
        }
    }

    /// <summary>Unguessable, new for each challenge.</summary>
    public string Id { get; } = RandomNumberGenerator.GetHexString(16);

    /// <summary>The fields to show besides those that are registered.</summary>
    public IEnumerable<FormField> Fields
    {
        get
        {
            yield return FormField.Hidden("challenge", Id);
            yield return FormField.Hidden("sid", _stanzaId);
            yield return FormField.Hidden("answers", "1");
            if (_question is not null)
                yield return FormField.Text(Question, _question);
            if (_workBits > 0)
                yield return FormField.Text(Work, _work.ToString("x", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A challenge for the request of this 'id'; null when nothing is asked.</summary>
    public static RegistrationChallenge? Create(RegistrationOptions options, string stanzaId) =>
        options is { Questions.Count: 0, ProofOfWorkBits: 0 } ? null : new(options, stanzaId);

    /// <summary>Whether one of the answers is right.</summary>
    /// <param name="host">The address that the challenge came from, with which the work's text starts.</param>
    public bool IsAnsweredBy(DataForm form, string host) =>
        (_question is not null && form.Value(Question)?.Trim() is { } answer && _answers.Contains(answer, StringComparer.OrdinalIgnoreCase))
        || (_workBits > 0 && form.Value(Work) is { } text && IsWork(text, host, _work, _workBits));

    /// <summary>§7.2: the text starts with the address, and the lowest bits of its hash are the number.</summary>
    internal static bool IsWork(string text, string address, uint number, int bits)
    {
        if (!text.StartsWith(address, StringComparison.Ordinal))
            return false;
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        var lowest = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(^sizeof(uint)));
        return (lowest & (uint.MaxValue >> (32 - bits))) == number;
    }
}
