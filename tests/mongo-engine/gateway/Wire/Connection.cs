using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Xmpp.MongoGateway.Authentication;
using Xmpp.MongoGateway.Commands;

namespace Xmpp.MongoGateway.Wire;

/// <summary>A client's connection: a message comes, its command is carried out, the reply goes.</summary>
internal sealed class Connection(Socket socket, GatewayOptions options, CommandTable commands) : IDisposable
{
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Breaks it at once. A command that runs is carried out, but its reply is lost.</summary>
    public void Close()
    {
        try
        {
            _closed.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
        socket.Dispose();
    }

    public async Task RunAsync()
    {
        try
        {
            using var network = new NetworkStream(socket, ownsSocket: true);
            await using var stream = options.Certificate is null ? network : (Stream)await SecureAsync(network);
            await ServeAsync(stream, new Client(SubjectOf(stream)));
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or AuthenticationException or ConnectionLostException)
        {
            // The client went, or was made to.
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _closed.Dispose();
    }

    private async Task ServeAsync(Stream stream, Client client)
    {
        var header = new byte[Frames.HeaderLength];
        while (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, _closed.Token) == header.Length)
        {
            var length = Frames.LengthOf(header);
            if (length is < Frames.HeaderLength or > Frames.MaxMessage)
                return;
            var message = new byte[length];
            header.CopyTo(message, 0);
            await stream.ReadExactlyAsync(message.AsMemory(header.Length), _closed.Token);
            if (Frames.Parse(message) is not { } request)
                return;
            var reply = await commands.RunAsync(request, client, _closed.Token);
            if (request.WantsReply)
                await stream.WriteAsync(Frames.Reply(message, reply), _closed.Token);
        }
    }

    private async Task<SslStream> SecureAsync(NetworkStream network)
    {
        var secure = new SslStream(network);
        await secure.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = options.Certificate,
                ClientCertificateRequired = options.ClientAuthority is not null,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => IsAccepted(certificate as X509Certificate2),
            },
            _closed.Token);
        return secure;
    }

    private bool IsAccepted(X509Certificate2? certificate)
    {
        if (options.ClientAuthority is not { } authority)
            return true;
        if (certificate is null)
            return options.AllowsNoClientCertificate;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    /// <summary>The client's name in its certificate, as RFC 2253 writes it.</summary>
    private static string? SubjectOf(Stream stream) => (stream as SslStream)?.RemoteCertificate is X509Certificate2 certificate
        ? certificate.SubjectName.Decode(X500DistinguishedNameFlags.Reversed).Replace(", ", ",", StringComparison.Ordinal)
        : null;
}

/// <summary>The connection has to break without a reply.</summary>
internal sealed class ConnectionLostException() : Exception("The connection is broken on purpose, or the engine is gone.");
