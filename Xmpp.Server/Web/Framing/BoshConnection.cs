using System.Buffers;
using System.Net;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Xml;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web.Framing;

/// <summary>What both sides keep to in a session.</summary>
/// <param name="Wait">Seconds that a request is held at most.</param>
/// <param name="Hold">Requests that are held at the same time.</param>
/// <param name="Inactivity">Seconds without a request after which the client is gone.</param>
/// <param name="MaxPause">Seconds that a client may ask to be away.</param>
internal sealed record BoshTerms(int Wait, int Hold, int Inactivity, int MaxPause)
{
    /// <summary>§7.2: requests that a client may make at the same time.</summary>
    public int Requests => Hold + 1;
}

/// <summary>
/// XMPP over BOSH (XEP-0124, XEP-0206): a connection made of requests, each of which is held until there is something to answer it with.
/// They are taken, and answered, in the order of their numbers.
/// </summary>
/// <param name="creation">The first request, still to be submitted.</param>
/// <param name="clock">In seconds.</param>
internal sealed class BoshConnection(
    BoshBody creation, BoshTerms terms, Func<int> clock, IPEndPoint remoteEndPoint, TlsInfo? tls, SocketConnectionOptions options)
    : FramedConnection(remoteEndPoint, tls, options)
{
    private readonly BoshResponses _responses = new(creation, terms);
    private readonly Dictionary<long, Held> _early = [];
    private readonly Queue<Held> _held = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PooledBuffer _output;
    private long _next = creation.Rid;
    private int _inactivity = terms.Inactivity;
    private int _answeredAt = clock();
    private bool _isEnded;
    private bool _hasError;

    /// <summary>A request that waits for its answer.</summary>
    private sealed record Held(BoshBody Body, int Since)
    {
        public TaskCompletionSource<byte[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>By which the client names the session (§7.1).</summary>
    public string Sid => _responses.Sid;

    /// <summary>Of all answers.</summary>
    public string ContentType => creation.ContentType;

    /// <summary>Completes when the client was told that the session is over, or can't be.</summary>
    public Task Closed => _closed.Task;

    public override bool Write(ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            if (Phase is not State.Open || _isEnded)
                return false;
            var parts = new StreamParts(bytes);
            while (parts.MoveNext())
            {
                if (parts.Length > Options.MaxOutputBytes - _output.Length)
                {
                    AbortCore($"the peer does not read: more than {Options.MaxOutputBytes} bytes are queued for it");
                    return false;
                }
                switch (parts.Kind)
                {
                    case StreamPartKind.Header:
                        _responses.NoteHeader(Encoding.UTF8.GetString(parts.Head));
                        break;
                    case StreamPartKind.End:
                        _isEnded = true;
                        break;
                    default:
                        _hasError |= parts.Head.StartsWith("<stream:error"u8);
                        _output.Append(parts.Head);
                        _output.Append(parts.Declaration);
                        _output.Append(parts.Tail);
                        break;
                }
            }
            return true;
        }
    }

    public override void Flush()
    {
        lock (Gate)
            AnswerHeld();
    }

    /// <summary>Takes a request, when those before it have been.</summary>
    /// <returns>What it is answered with.</returns>
    public Task<byte[]> SubmitAsync(BoshBody body)
    {
        Task<byte[]> answer;
        lock (Gate)
        {
            answer = Submit(body);
            AnswerHeld();
        }
        CompleteRead();
        return answer;
    }

    /// <summary>What the passing of time asks for.</summary>
    public void Tick()
    {
        lock (Gate)
        {
            AnswerHeld();
            // §10.
            if (Phase is State.Open && _held.Count == 0 && clock() - _answeredAt > _inactivity)
                AbortCore("the client makes no more requests");
        }
    }

    // What was sent has been read: now more may come.
    protected override void OnWanted() => Flush();

    protected override void OnClosing() => Flush();

    protected override void OnClosed()
    {
        _output.Release();
        // §13: after the answer that ended the session the others have nothing to say.
        foreach (var held in _held.Concat(_early.Values))
        {
            held.Answer.TrySetResult(
                IsAborted ? BoshBody.Terminate(BoshCondition.UndefinedCondition) : _responses.Empty(held.Body.Rid, _next - 1));
        }
        _held.Clear();
        _early.Clear();
        _closed.TrySetResult();
    }

    private Task<byte[]> Submit(BoshBody body)
    {
        if (Phase is State.Closed)
            return Task.FromResult(BoshBody.Terminate(BoshCondition.ItemNotFound));
        if (body.Rid < _next)
            return Repeat(body);
        // §14.2: a window, and one more to pause or to end.
        var isSpecial = body.IsTerminate || body.IsPause;
        if (body.Rid > _next + terms.Requests - (isSpecial ? 0 : 1))
            return End(BoshCondition.ItemNotFound);
        var submitted = new Held(body, clock());
        if (body.Rid > _next)
        {
            if (_early.Remove(body.Rid, out var before))
                before.Answer.TrySetResult(BoshBody.Repeated());
            _early.Add(body.Rid, submitted);
            return submitted.Answer.Task;
        }
        for (var taken = submitted; taken is not null; taken = _early.Remove(_next, out var following) ? following : null)
            Take(taken);
        // §11.
        if (_held.Count > terms.Requests && !isSpecial)
            return End(BoshCondition.PolicyViolation);
        return submitted.Answer.Task;
    }

    /// <summary>§14.3: a request comes again because its answer was lost, or before it has one.</summary>
    private Task<byte[]> Repeat(BoshBody body)
    {
        if (_responses.Find(body.Rid) is { } response)
            return Task.FromResult(response);
        if (_held.FirstOrDefault(held => held.Body.Rid == body.Rid) is not { } original)
            return End(BoshCondition.ItemNotFound);
        var again = new Held(body, original.Since);
        for (var i = _held.Count; i > 0; i--)
        {
            var held = _held.Dequeue();
            _held.Enqueue(held == original ? again : held);
        }
        original.Answer.TrySetResult(BoshBody.Repeated());
        return again.Answer.Task;
    }

    private void Take(Held request)
    {
        var body = request.Body;
        _next = body.Rid + 1;
        _held.Enqueue(request);
        _inactivity = terms.Inactivity;
        if (Phase is not State.Open)
            return;
        var input = Scratch.Rent();
        if (body == creation || body.IsRestart)
            body.WriteHeader(input, creation);
        // XEP-0206 §5: what comes with a restart is ignored.
        foreach (var element in body.IsRestart ? [] : body.Payload)
            XmlStreamWriter.Write(input, element, Namespaces.Client);
        if (body.IsTerminate)
            input.Write(StreamParts.StreamEnd);
        if (input.WrittenCount > 0)
            AddInput(input.WrittenSpan);
        if (body.Number("pause") is { } pause && pause <= terms.MaxPause)
        {
            // §10: without payload, which waits.
            _inactivity = pause;
            while (_held.TryDequeue(out var held))
                Answer(held, _responses.Empty(held.Body.Rid, _next - 1));
        }
    }

    /// <summary>Ends the session for what its client did.</summary>
    private Task<byte[]> End(string condition)
    {
        while (_held.TryDequeue(out var held))
            held.Answer.TrySetResult(BoshBody.Terminate(condition));
        AbortCore($"the client breaks the rules of BOSH: {condition}");
        return Task.FromResult(BoshBody.Terminate(condition));
    }

    /// <summary>Answers those that needn't be held any more. In the gate.</summary>
    private void AnswerHeld()
    {
        while (Phase is not State.Closed && _held.TryPeek(out var oldest))
        {
            var isOver = _isEnded || Phase is State.Closing;
            var isDue = isOver || _output.Length > 0
                || (_held.Count > terms.Hold && !HasUnreadInput) || clock() - oldest.Since >= terms.Wait;
            // The first answer is that of the stream.
            if (!isDue || (!_responses.HasHeader && !isOver))
                return;
            _held.Dequeue();
            var response = isOver
                ? _responses.Last(oldest.Body.Rid, _next - 1, _output.Span, _hasError)
                : _responses.With(oldest.Body.Rid, _next - 1, _output.Span);
            _output.Release();
            Answer(oldest, response);
            if (isOver)
                CloseCore();
        }
    }

    private void Answer(Held held, byte[] response)
    {
        _responses.Keep(held.Body.Rid, response);
        _answeredAt = clock();
        held.Answer.TrySetResult(response);
    }
}
