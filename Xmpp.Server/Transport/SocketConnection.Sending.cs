using System.Net.Sockets;

namespace Xmpp.Server.Transport;

/// <content>From the writers to the socket.</content>
public sealed partial class SocketConnection
{
    /// <summary>Sends as much as the socket takes; the rest follows when it takes more.</summary>
    private void Send()
    {
        while (!_sending && _phase is not Phase.Closed && (_wire.Length > 0 || Refill()))
        {
            var count = _socket.Send(_wire.Span, SocketFlags.None, out var error);
            if (error is SocketError.Success)
                _wire.Consume(count);
            else if (error is SocketError.WouldBlock)
                SendLater();
            else if (error is not SocketError.Interrupted)
                AbortCore(Describe(error));
        }
    }

    /// <summary>Puts the next bytes on the wire, false if there are none now. What is queued sent, a closing connection says so.</summary>
    private bool Refill()
    {
        if (_plaintext.Length > 0)
        {
            if (_tls!.Info is null)
                return false;
            var length = Math.Min(_plaintext.Length, MaxEncrypt);
            if (!_tls.Encrypt(_plaintext.Memory[..length], ref _wire))
            {
                AbortCore(_tls.Failure!);
                return false;
            }
            _plaintext.Consume(length);
            return true;
        }
        if (_phase is not Phase.Closing || _finSent)
            return false;
        if (_tls is { Info: not null, Failure: null } && !_closeNotifySent)
        {
            _closeNotifySent = true;
            _tls.Shutdown(ref _wire);
            if (_wire.Length > 0)
                return true;
        }
        _finSent = true;
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer is gone already.
            _finReceived = true;
        }
        if (_finReceived)
            End(reset: false);
        return false;
    }

    /// <summary>The socket is full: the kernel calls back when it has taken all of the wire's bytes.</summary>
    private void SendLater()
    {
        _sent ??= new Sent(this);
        _sent.SetBuffer(_wire.Lend());
        _sending = true;
        if (!_socket.SendAsync(_sent))
            CompleteSend();
    }

    private void CompleteSend()
    {
        _sending = false;
        _wire.Reclaim(_sent!.BytesTransferred);
        _sent.SetBuffer(null, 0, 0);
        if (_phase is not Phase.Closed && _sent.SocketError is not SocketError.Success)
            AbortCore(Describe(_sent.SocketError));
    }

    private void OnSent()
    {
        lock (_gate)
        {
            Guarded(static connection =>
            {
                connection.CompleteSend();
                connection.Send();
                return true;
            });
            if (_phase is Phase.Closed)
                CompleteIfFinished();
        }
    }

    /// <summary>The send of a socket that was full.</summary>
    private sealed class Sent(SocketConnection connection) : SocketAsyncEventArgs(true)
    {
        protected override void OnCompleted(SocketAsyncEventArgs e) => connection.OnSent();
    }
}
