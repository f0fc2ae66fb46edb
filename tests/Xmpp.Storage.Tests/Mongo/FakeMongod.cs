using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Xmpp.Storage.Mongo;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>
/// A member as far as the driver sees it on the wire, which does wrong what a test wants. What MongoDB does with documents is tested
/// with a real engine instead.
/// </summary>
internal sealed class FakeMongod : IAsyncDisposable
{
    private const int OpReply = 1;
    private const int OpQuery = 2004;
    private const int OpMsg = 2013;

    private readonly FakeDatabase _database;
    private readonly ConcurrentDictionary<TcpClient, Task> _connections = new();
    private CancellationTokenSource _stopping = new();
    private TcpListener _listener;
    private Task _accepting;

    public FakeMongod(FakeDatabase? database = null)
    {
        _database = database ?? new FakeDatabase();
        _listener = Listen(0);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _database.Members.Add(Address);
        _accepting = AcceptAsync(_listener);
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public FakeDatabase Database => _database;

    /// <summary>
    /// Asked before a command is executed: null lets it be, a reply takes its place, an IOException cuts the connection.
    /// </summary>
    public Func<FakeCommand, Task<BsonDocument?>>? Before { get; set; }

    /// <summary>Called when a command has been executed, before its reply goes; an IOException cuts the connection.</summary>
    public Func<FakeCommand, Task>? After { get; set; }

    /// <summary>The server's side of TLS; null: none.</summary>
    public SslServerAuthenticationOptions? Tls { get; set; }

    /// <summary>Who may log in, with which password; null: nobody has to.</summary>
    public (string User, string Password)? Credentials { get; set; }

    /// <summary>The names of all commands that came, but for the driver's own.</summary>
    public ConcurrentQueue<FakeCommand> Commands { get; } = [];

    /// <summary>The names by which applications introduced themselves.</summary>
    public ConcurrentQueue<string> Applications { get; } = [];

    private bool IsPrimary => _database.SetName is null || _database.Primary == Address;

    /// <summary>Ends all connections and takes no more.</summary>
    public async Task StopAsync()
    {
        _listener.Stop();
        await _accepting;
        await _stopping.CancelAsync();
        foreach (var connection in _connections.Keys)
            connection.Close();
        await Task.WhenAll(_connections.Values);
    }

    /// <summary>Is there again, at the same port.</summary>
    public void Start()
    {
        _stopping = new();
        _listener = Listen(Port);
        _accepting = AcceptAsync(_listener);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start();
        return listener;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                client.NoDelay = true;
                _connections[client] = ServeAsync(client);
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        await Task.Yield();
        try
        {
            Stream stream = client.GetStream();
            if (Tls is { } tls)
            {
                var secured = new SslStream(stream);
                await secured.AuthenticateAsServerAsync(tls);
                stream = secured;
            }

            var login = new FakeLogin(Credentials, (stream as SslStream)?.RemoteCertificate?.Subject);
            while (await ReadAsync(stream) is { } message)
            {
                var reply = await AnswerAsync(Parse(message), login);
                await stream.WriteAsync(Frame(message, reply));
            }
        }
        catch (Exception end) when (end is IOException or SocketException or ObjectDisposedException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException)
        {
        }
        finally
        {
            client.Dispose();
            _connections.TryRemove(client, out _);
        }
    }

    private async Task<BsonDocument> AnswerAsync(FakeCommand command, FakeLogin login)
    {
        if (command.Name is "hello" or "isMaster" or "ismaster")
        {
            _database.Ask();
            if (command.Body.Read() is var body && body.Find("client"u8) && body.Document is var client && client.Find("application"u8))
                Applications.Enqueue(client.Document.Get("name"u8).String);
            return Hello(command);
        }

        if (login.Answer(command) is { } answer)
            return answer;
        Commands.Enqueue(command);
        if (Before is { } before && await before(command).WaitAsync(_stopping.Token) is { } instead)
            return instead;
        if (!IsPrimary && command.Name is not ("ping" or "endSessions"))
            return FakeReply.Error(10107, "not primary", "RetryableWriteError");
        var reply = _database.Execute(command);
        if (After is { } after)
            await after(command).WaitAsync(_stopping.Token);
        return reply;
    }

    private BsonDocument Hello(FakeCommand command) => FakeReply.Ok(hello =>
    {
        hello.Bool("ismaster", IsPrimary).Bool("isWritablePrimary", IsPrimary).Bool("helloOk", true)
            .Int32("maxBsonObjectSize", 16_777_216).Int32("maxMessageSizeBytes", 48_000_000).Int32("maxWriteBatchSize", 100_000)
            .Date("localTime", DateTimeOffset.UtcNow).Int32("logicalSessionTimeoutMinutes", 30)
            .Int32("minWireVersion", 0).Int32("maxWireVersion", 21).Bool("readOnly", false);
        if (command.Body.Read().Has("saslSupportedMechs"u8))
            hello.Strings("saslSupportedMechs", ["SCRAM-SHA-256"]);
        if (_database.SetName is { } set)
        {
            hello.String("setName", set).Int32("setVersion", 1).Bool("secondary", !IsPrimary)
                .Strings("hosts", _database.Members).String("me", Address);
            if (_database.Primary is { } primary)
                hello.String("primary", primary);
        }
    });

    private static async Task<byte[]?> ReadAsync(Stream stream)
    {
        var head = new byte[4];
        if (await stream.ReadAtLeastAsync(head, 4, throwOnEndOfStream: false) < 4)
            return null;
        var message = new byte[BinaryPrimitives.ReadInt32LittleEndian(head)];
        head.CopyTo(message, 0);
        await stream.ReadExactlyAsync(message.AsMemory(4));
        return message;
    }

    private static FakeCommand Parse(byte[] message)
    {
        if (BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(12)) == OpQuery)
            return new(BsonDocument.Copy(message.AsSpan(20 + message.AsSpan(20).IndexOf((byte)0) + 1 + 8)), []);
        var (body, documents) = (default(BsonDocument), new List<BsonDocument>());
        for (var at = 20; at < message.Length;)
        {
            var isSequence = message[at++] == 1;
            var size = BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(at));
            if (isSequence)
                AddAll(message.AsSpan(at, size)[4..], documents);
            else
                body = BsonDocument.Copy(message.AsSpan(at, size));
            at += size;
        }

        return new(body, documents);
    }

    private static void AddAll(ReadOnlySpan<byte> sequence, List<BsonDocument> documents)
    {
        for (sequence = sequence[(sequence.IndexOf((byte)0) + 1)..]; !sequence.IsEmpty; sequence = sequence[documents[^1].Length..])
            documents.Add(BsonDocument.Copy(sequence[..BinaryPrimitives.ReadInt32LittleEndian(sequence)]));
    }

    private static byte[] Frame(byte[] request, BsonDocument reply)
    {
        var isQuery = BinaryPrimitives.ReadInt32LittleEndian(request.AsSpan(12)) == OpQuery;
        // OP_REPLY: flags (await capable), cursor, start, one document. OP_MSG: flags, section 0.
        byte[] head = isQuery ? [8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0] : [0, 0, 0, 0, 0];
        var frame = new byte[16 + head.Length + reply.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length);
        request.AsSpan(4, 4).CopyTo(frame.AsSpan(4));
        request.AsSpan(4, 4).CopyTo(frame.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12), isQuery ? OpReply : OpMsg);
        head.CopyTo(frame, 16);
        reply.Bytes.CopyTo(frame.AsSpan(16 + head.Length));
        return frame;
    }
}
