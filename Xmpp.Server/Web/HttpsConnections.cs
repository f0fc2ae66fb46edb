using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>
/// TLS below HTTP, with the certificates of the XMPP listeners. Kestrel's own can't be had without a container of services, and
/// would not follow a reload.
/// </summary>
/// <param name="tls">The one that a handshake takes which begins now.</param>
internal sealed partial class HttpsConnections(Func<SslStreamServer> tls, ILogger logger)
{
    /// <summary>What fits into one record of TLS.</summary>
    private const int RecordBytes = 16 * 1024;

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Runs a connection inside of TLS.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var clear = connection.Transport;
        await using var stream = new SslStream(new DuplexStream(clear));
        if (!await TryAuthenticateAsync(stream, connection.RemoteEndPoint))
            return;
        connection.Features.Set<ITlsConnectionFeature>(new NoClientCertificate());
        connection.Transport = new Pipes(
            PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: RecordBytes, leaveOpen: true, useZeroByteReads: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: RecordBytes, leaveOpen: true)));
        try
        {
            await next(connection);
        }
        finally
        {
            await connection.Transport.Input.CompleteAsync();
            await connection.Transport.Output.CompleteAsync();
            connection.Transport = clear;
        }
    }

    private async Task<bool> TryAuthenticateAsync(SslStream stream, EndPoint? client)
    {
        try
        {
            using var deadline = new CancellationTokenSource(HandshakeTimeout);
            await stream.AuthenticateAsServerAsync(
                (_, hello, server, _) => new(((SslStreamServer)server!).HostFor(hello.ServerName).Options), tls(), deadline.Token);
            return true;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            LogNoTls(logger, client, failure is OperationCanceledException ? "it took too long" : failure.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "No TLS with {Address}: {Reason}")]
    private static partial void LogNoTls(ILogger logger, EndPoint? address, string reason);

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>By which Kestrel knows that a request came by HTTPS.</summary>
    private sealed class NoClientCertificate : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
    }
}
