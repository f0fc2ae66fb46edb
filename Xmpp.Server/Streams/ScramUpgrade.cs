using System.Globalization;
using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Streams;

/// <summary>
/// XEP-0480 SASL Upgrade Tasks: an account whose keys came from elsewhere gets those that it lacks from a client that knows the password.
/// One for each authentication.
/// </summary>
/// <param name="request">The client's <c>&lt;authenticate/&gt;</c>.</param>
[Xep(480, "0.2.0")]
internal sealed class ScramUpgrade(ServerContext server, Element request)
{
    private const string Ns = "urn:xmpp:sasl:upgrade:0";
    private const string ScramNs = "urn:xmpp:scram-upgrade:0";

    private readonly Queue<ScramHash> _todo = new();
    private Account? _account;
    private byte[]? _salt;
    private int _iterations;

    /// <summary>The task that the client has to do next; null when there is none (any more).</summary>
    public string? Task => _todo.TryPeek(out var hash) ? NameOf(hash) : null;

    /// <summary>The tasks that there are. They don't depend on who asks, so that nothing is learnt of an account.</summary>
    public static IEnumerable<Element> Features(ServerContext server) =>
        Configured(server).Select(hash => new Element(Ns, "upgrade", NameOf(hash)));

    /// <summary>Finds out which of the keys that the client would make are missing.</summary>
    /// <param name="mechanism">By which the client has authenticated: the tasks are for those who know the password.</param>
    public async ValueTask PrepareAsync(string mechanism, Jid account, CancellationToken cancellationToken)
    {
        var wanted = request.Elements.Where(child => child.Name == new XmlName(Ns, "upgrade")).Select(child => child.Text).ToHashSet();
        if (wanted.Count == 0 || !(mechanism == PlainMechanism.MechanismName || mechanism.StartsWith("SCRAM-", StringComparison.Ordinal)))
            return;
        try
        {
            _account = await server.Store.Accounts.FindAsync(account, cancellationToken);
        }
        catch (StoreException)
        {
            // The store has logged what happened. It is for another time.
        }
        if (_account is null)
            return;
        foreach (var hash in Configured(server))
        {
            if (wanted.Contains(NameOf(hash)) && PasswordKeys.Find(_account.Keys, hash) is null)
                _todo.Enqueue(hash);
        }
    }

    /// <summary>Begins the task: what the client needs to know for it.</summary>
    public Element Begin()
    {
        _salt = RandomNumberGenerator.GetBytes(ScramKeyDerivation.SaltLength);
        _iterations = server.Current.Options.Authentication.ScramIterations;
        return new Element(ScramNs, "salt",
            Element.Attr("iterations", _iterations.ToString(CultureInfo.InvariantCulture)), Convert.ToBase64String(_salt));
    }

    /// <summary>Ends the task with what the client has made of the password; then there may be another one.</summary>
    /// <param name="data">The content of its <c>&lt;task-data/&gt;</c>.</param>
    /// <returns>Null when the keys are kept.</returns>
    public async ValueTask<SaslOutcome.Failure?> CompleteAsync(Element data, CancellationToken cancellationToken)
    {
        if (_salt is null || data.Child(ScramNs, "hash") is not { } made)
            return new(SaslFailureCondition.MalformedRequest);
        if (!Base64Text.TryDecode(made.Text, out var salted))
            return new(SaslFailureCondition.IncorrectEncoding);
        var hash = _todo.Peek();
        if (salted.Length != hash.Length)
            return new(SaslFailureCondition.MalformedRequest);
        var keys = ScramKeyDerivation.OfSalted(salted.Span, hash, _salt, _iterations);
        try
        {
            if (!await server.Accounts.AddKeysAsync(_account!, keys, cancellationToken))
                return new(SaslFailureCondition.CredentialsExpired, "The password has changed meanwhile.");
        }
        catch (StoreException)
        {
            return new(SaslFailureCondition.TemporaryAuthFailure);
        }
        _todo.Dequeue();
        _salt = null;
        return null;
    }

    private static string NameOf(ScramHash hash) => $"UPGR-{hash.Mechanism}";

    private static IEnumerable<ScramHash> Configured(ServerContext server)
    {
        var mechanisms = server.Current.Options.Authentication.Mechanisms;
        return ScramHash.All.Where(hash =>
            mechanisms.Contains(hash.Mechanism) || mechanisms.Contains(hash.Mechanism + ScramMechanism.PlusSuffix));
    }
}
