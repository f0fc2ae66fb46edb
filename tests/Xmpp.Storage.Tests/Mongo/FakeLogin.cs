using System.Security.Cryptography;
using System.Text;
using Xmpp.Storage.Mongo;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>Who a connection is: SCRAM-SHA-256 (RFC 7677), or the subject of its certificate.</summary>
internal sealed class FakeLogin((string User, string Password)? credentials, string? subject)
{
    private const int Iterations = 4096;

    // libmongoc wants this length.
    private static readonly byte[] Salt = RandomNumberGenerator.GetBytes(28);

    private string _clientFirst = "", _serverFirst = "", _nonce = "";
    private bool _isIn = credentials is null;

    /// <returns>The reply to a step of the login, or to who has not logged in; null: the command may be executed.</returns>
    public BsonDocument? Answer(FakeCommand command) => command.Name switch
    {
        "saslStart" => Start(Payload(command)),
        "saslContinue" => Continue(Payload(command)),
        "authenticate" => Certificate(command),
        _ => _isIn ? null : FakeReply.Error(13, $"Command {command.Name} requires authentication"),
    };

    private BsonDocument Start(string first)
    {
        _clientFirst = first[(first.IndexOf(',', first.IndexOf(',') + 1) + 1)..];
        _nonce = Field(_clientFirst, 'r') + Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        _serverFirst = $"r={_nonce},s={Convert.ToBase64String(Salt)},i={Iterations}";
        return Step(_serverFirst, done: false);
    }

    private BsonDocument Continue(string final)
    {
        if (_isIn && final.Length == 0)
            return Step("", done: true);
        var salted = Rfc2898DeriveBytes.Pbkdf2(credentials!.Value.Password, Salt, Iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var withoutProof = final[..final.LastIndexOf(",p=", StringComparison.Ordinal)];
        var message = Encoding.UTF8.GetBytes($"{_clientFirst},{_serverFirst},{withoutProof}");
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), message);
        var proof = Convert.FromBase64String(Field(final, 'p'));
        var isRight = proof.Zip(signature, (a, b) => (byte)(a ^ b)).SequenceEqual(clientKey);
        if (!isRight || Field(_clientFirst, 'n') != credentials.Value.User)
            return FakeReply.Error(18, "Authentication failed.");
        _isIn = true;
        return Step("v=" + Convert.ToBase64String(HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), message)), done: true);
    }

    private BsonDocument Certificate(FakeCommand command)
    {
        _isIn = command.Body.Read().Get("mechanism"u8).String == "MONGODB-X509" && subject == credentials?.User;
        return _isIn ? FakeReply.Ok(_ => { }) : FakeReply.Error(18, "Authentication failed.");
    }

    private static BsonDocument Step(string payload, bool done) => FakeReply.Ok(reply =>
        reply.Int32("conversationId", 1).Bool("done", done).Bytes("payload", Encoding.UTF8.GetBytes(payload)));

    private static string Payload(FakeCommand command) => Encoding.UTF8.GetString(command.Body.Read().Get("payload"u8).Binary);

    private static string Field(string message, char name) =>
        message.Split(',').FirstOrDefault(field => field.StartsWith($"{name}=", StringComparison.Ordinal))?[2..] ?? "";
}
