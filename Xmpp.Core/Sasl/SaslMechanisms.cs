using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Xmpp.Core.Sasl;

/// <summary>The mechanisms that a host is configured with, in the order in which they are offered.</summary>
public sealed class SaslMechanisms
{
    private readonly ISaslMechanism[] _mechanisms;

    /// <summary>The offers made so far, by a bit for each mechanism.</summary>
    private readonly ConcurrentDictionary<int, string[]> _offers = new();

    /// <param name="names">Names out of <see cref="Known"/>, best first, each once.</param>
    /// <param name="decoys">What accounts that don't exist answer with.</param>
    /// <exception cref="ArgumentException">A name is unknown or stands there twice.</exception>
    public SaslMechanisms(IEnumerable<string> names, DecoyKeys decoys)
    {
        _mechanisms = [.. names.Select(name => Create(name, decoys)
            ?? throw new ArgumentException($"'{name}' is not a SASL mechanism of this server.", nameof(names)))];
        if (_mechanisms.DistinctBy(mechanism => mechanism.Name).Count() != _mechanisms.Length)
            throw new ArgumentException("A SASL mechanism is named twice.", nameof(names));
    }

    /// <summary>Every mechanism there is, best first.</summary>
    public static IReadOnlyList<string> Known { get; } =
    [
        ExternalMechanism.MechanismName,
        .. ScramHash.All.Select(hash => hash.Mechanism + ScramMechanism.PlusSuffix),
        .. ScramHash.All.Select(hash => hash.Mechanism),
        PlainMechanism.MechanismName,
        AnonymousMechanism.MechanismName,
    ];

    /// <summary>What is offered unless configured otherwise: everything but ANONYMOUS (XEP-0175 §3).</summary>
    public static IReadOnlyList<string> Default { get; } =
        [.. Known.Where(name => name != AnonymousMechanism.MechanismName)];

    /// <summary>
    /// The context with <see cref="SaslContext.OfferedMechanisms"/> filled in: those that this stream can use. Equal offers are the
    /// same list.
    /// </summary>
    public SaslContext Offer(SaslContext context)
    {
        var available = 0;
        for (var i = 0; i < _mechanisms.Length; i++)
            available |= _mechanisms[i].IsAvailable(context) ? 1 << i : 0;
        return context with { OfferedMechanisms = _offers.GetOrAdd(available, NamesOf) };
    }

    /// <summary>Starts an exchange by the mechanism that the client chose, if it was offered.</summary>
    /// <param name="context">As returned by <see cref="Offer"/>: what is not on its list is refused.</param>
    /// <param name="name">The mechanism that <c>&lt;auth/&gt;</c> names, or null when it names none.</param>
    /// <param name="exchange">The exchange, with true.</param>
    /// <param name="refusal">
    /// With false: <c>encryption-required</c> for a mechanism that needs TLS first (RFC 6120 §6.5.4), else
    /// <c>invalid-mechanism</c> (§6.5.7).
    /// </param>
    public bool TryStart(
        SaslContext context, string? name,
        [NotNullWhen(true)] out ISaslExchange? exchange, [NotNullWhen(false)] out SaslOutcome.Failure? refusal)
    {
        (exchange, refusal) = (null, null);
        var mechanism = Array.Find(_mechanisms, mechanism => mechanism.Name == name);
        if (mechanism is not null && context.OfferedMechanisms.Contains(mechanism.Name))
            exchange = mechanism.Start(context);
        else if (mechanism is not null && !context.IsEncrypted)
            refusal = new(SaslFailureCondition.EncryptionRequired);
        else
            refusal = new(SaslFailureCondition.InvalidMechanism);
        return exchange is not null;
    }

    private string[] NamesOf(int available) =>
        [.. _mechanisms.Where((_, i) => (available >> i & 1) != 0).Select(mechanism => mechanism.Name)];

    private static ISaslMechanism? Create(string name, DecoyKeys decoys) => name switch
    {
        PlainMechanism.MechanismName => new PlainMechanism(decoys),
        ExternalMechanism.MechanismName => new ExternalMechanism(),
        AnonymousMechanism.MechanismName => new AnonymousMechanism(),
        _ => CreateScram(name, decoys),
    };

    private static ScramMechanism? CreateScram(string name, DecoyKeys decoys)
    {
        var bindsChannel = name.EndsWith(ScramMechanism.PlusSuffix, StringComparison.Ordinal);
        var unbound = bindsChannel ? name[..^ScramMechanism.PlusSuffix.Length] : name;
        var hash = ScramHash.All.FirstOrDefault(hash => hash.Mechanism == unbound);
        return hash is null ? null : new ScramMechanism(hash, bindsChannel, decoys);
    }
}
