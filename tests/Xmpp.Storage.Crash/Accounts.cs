using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Crash;

/// <summary>Accounts as large as real ones.</summary>
public static class Accounts
{
    public const string Host = "localhost";

    /// <summary>The hashes of the keys that every account has.</summary>
    public static IReadOnlyList<string> Hashes { get; } = ["SHA-1", "SHA-256", "SHA-512"];

    public static Account New(string name) => new(
        Jid.Parse($"{name}@{Host}"), [.. Hashes.Select(NewKeys)], Enabled: true, DateTimeOffset.UnixEpoch, LastLogin: null);

    private static ScramKeys NewKeys(string hash) => new(
        hash, RandomNumberGenerator.GetBytes(16), 10_000, RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
}
