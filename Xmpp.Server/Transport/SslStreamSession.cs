using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Sasl;

namespace Xmpp.Server.Transport;

/// <summary>
/// One SslStream over a <see cref="CiphertextStream"/>, which never waits for a network: what SslStream awaits is either
/// there at once or comes with the next <see cref="TlsSession.Receive"/>, so its tasks are looked at, not awaited.
/// Whatever it throws is the failure of this session.
/// </summary>
internal abstract class SslStreamSession : TlsSession
{
    private const int ReadSize = 4 * 1024;

    private readonly CiphertextStream _ciphertext = new();
    private readonly List<X509Certificate2> _peerIssuers = [];
    private SessionStream? _ssl;
    private Task? _handshake;

    /// <summary>The zero-byte read that completes when there is plaintext, or none to come. It holds no buffer.</summary>
    private ValueTask<int> _available;
    private bool _isWaiting;

    /// <summary>What was asked for by SNI, as A-labels; or null.</summary>
    protected abstract string? ServerName { get; }

    protected abstract IChannelBinding ChannelBinding { get; }

    /// <summary>Certificates are judged by who reads <see cref="TlsInfo"/>, who needs what came along with them.</summary>
    internal static bool NoteIssuers(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        foreach (var element in chain?.ChainElements.Skip(1) ?? [])
            ((SessionStream)sender).Session._peerIssuers.Add(X509CertificateLoader.LoadCertificate(element.Certificate.RawData));
        return true;
    }

    /// <summary>Nobody makes this server fetch things by showing it a certificate.</summary>
    internal static X509ChainPolicy CreateChainPolicy() => new()
    {
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    protected abstract Task BeginHandshake(SslStream ssl);

    /// <summary>The handshake failed.</summary>
    protected virtual string ReasonOf(Exception exception) => Reason(exception);

    public override bool Encrypt(ReadOnlyMemory<byte> plaintext, ref PooledBuffer wire)
    {
        try
        {
            Completed(_ssl!.WriteAsync(plaintext));
        }
        catch (Exception exception)
        {
            Fail(Reason(exception));
        }
        _ciphertext.MoveOutputTo(ref wire);
        return Failure is null;
    }

    public override void Shutdown(ref PooledBuffer wire)
    {
        try
        {
            Completed(new ValueTask(_ssl!.ShutdownAsync()));
        }
        catch (Exception exception)
        {
            Fail(Reason(exception));
        }
        _ciphertext.MoveOutputTo(ref wire);
    }

    public override void Dispose()
    {
        // Lets the pending task end; how doesn't matter any more.
        _ciphertext.End();
        if (_isWaiting)
            _ = _available.AsTask().Exception;
        _ = _handshake?.Exception;
        _ssl?.Dispose();
        _ciphertext.Dispose();
    }

    protected override TlsStatus Decrypt(ReadOnlySpan<byte> ciphertext, ref PooledBuffer plaintext, ref PooledBuffer wire)
    {
        _ciphertext.Feed(ciphertext);
        var status = TlsStatus.Open;
        try
        {
            if (Info is not null || Handshake())
                status = ReadAll(ref plaintext);
        }
        catch (Exception exception)
        {
            Fail(ReasonOf(exception));
        }
        _ciphertext.MoveOutputTo(ref wire);
        return status;
    }

    /// <summary>True when the handshake is complete.</summary>
    protected bool Handshake()
    {
        _ssl ??= new SessionStream(_ciphertext, this);
        _handshake ??= BeginHandshake(_ssl);
        if (!_handshake.IsCompleted)
            return false;
        _handshake.GetAwaiter().GetResult();
        Info = Describe();
        return true;
    }

    protected void MoveOutputTo(ref PooledBuffer wire) => _ciphertext.MoveOutputTo(ref wire);

    private TlsStatus ReadAll(ref PooledBuffer plaintext)
    {
        while (true)
        {
            if (!_isWaiting)
                WaitFor(_ssl!.ReadAsync(Memory<byte>.Empty));
            if (!_available.IsCompleted)
                return TlsStatus.Open;
            _isWaiting = false;
            _available.GetAwaiter().GetResult();
            var count = Completed(_ssl!.ReadAsync(plaintext.GetRoom(ReadSize)));
            if (count == 0)
                return TlsStatus.Ended;
            plaintext.Commit(count);
        }
    }

    private void WaitFor(ValueTask<int> available)
    {
        _available = available;
        _isWaiting = true;
    }

    private TlsInfo Describe() => new(
        _ssl!.SslProtocol is SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2",
        _ssl.NegotiatedCipherSuite.ToString(),
        ServerName,
        _ssl.NegotiatedApplicationProtocol.Protocol.IsEmpty ? null : _ssl.NegotiatedApplicationProtocol.ToString(),
        _ssl.RemoteCertificate is { } peer ? X509CertificateLoader.LoadCertificate(peer.GetRawCertData()) : null,
        ChannelBinding,
        _peerIssuers);

    private static void Completed(ValueTask task)
    {
        if (!task.IsCompleted)
            throw new IOException("the engine waits for something");
        task.GetAwaiter().GetResult();
    }

    private static int Completed(ValueTask<int> task) =>
        task.IsCompleted ? task.GetAwaiter().GetResult() : throw new IOException("the engine waits for something");

    /// <summary>The innermost message, and of OpenSSL's "error:0A000418:SSL routines::reason" only the end.</summary>
    protected static string Reason(Exception exception)
    {
        var message = exception.GetBaseException().Message;
        var routine = message.LastIndexOf("::", StringComparison.Ordinal);
        return routine < 0 ? message : message[(routine + 2)..];
    }

    /// <summary>The stream that knows its session: callbacks get the stream only.</summary>
    private sealed class SessionStream(Stream inner, SslStreamSession session) : SslStream(inner, leaveInnerStreamOpen: true)
    {
        public SslStreamSession Session => session;
    }
}

/// <summary>The server's half.</summary>
internal sealed class SslStreamServerSession(SslStreamServer server) : SslStreamSession
{
    private SslStreamHost? _host;
    private string? _serverName;

    protected override string? ServerName => _serverName;

    protected override IChannelBinding ChannelBinding => new ChannelBinding(exporter: null, unique: null, _host!.EndPointBinding);

    protected override Task BeginHandshake(SslStream ssl) => ssl.AuthenticateAsServerAsync(
        static (_, hello, session, _) => ((SslStreamServerSession)session!).Choose(hello), this, CancellationToken.None);

    protected override string ReasonOf(Exception exception) => _host is null ? "malformed ClientHello" : Reason(exception);

    private ValueTask<SslServerAuthenticationOptions> Choose(SslClientHelloInfo hello)
    {
        // SslStream has decoded the A-labels, which are what was asked for.
        _serverName = hello.ServerName.Length > 0 ? ServerNameMap.ToAscii(hello.ServerName) : null;
        _host = server.HostFor(_serverName);
        return new(_host.Options);
    }
}
