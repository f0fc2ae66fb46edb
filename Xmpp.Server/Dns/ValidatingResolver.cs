using System.Net;
using System.Runtime.InteropServices;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Dns;

/// <summary>
/// Asks by libunbound, which validates answers by DNSSEC (RFC 4035) itself, whatever the servers say that it asks. Nobody waits in it: one
/// thread of its own takes the answers, and only lives up while something was asked.
/// </summary>
internal sealed class ValidatingResolver : IDnsResolver, IDisposable
{
    private const int InternetClass = 1;
    private const int NoSuchName = 3;

    /// <summary>For how long, in milliseconds, the thread waits without looking whether it is needed any more.</summary>
    private const int Glance = 1000;

    /// <summary>The keys of the root (https://www.iana.org/dnssec/files), of 2017 and 2024.</summary>
    private static readonly string[] _root =
    [
        ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    ];

    private readonly SafeUnboundHandle _context = new();
    private readonly SemaphoreSlim _asked = new(0);
    private readonly Lock _gate = new();
    private int _pending;
    private bool _isRetired;

    /// <param name="servers">Recursive servers, which have to pass on what belongs to DNSSEC.</param>
    /// <param name="trustAnchors">A file with DS or DNSKEY records of whom to trust; null for the root of the DNS.</param>
    /// <exception cref="TlsConfigurationException">The library is missing, or doesn't take what it is told.</exception>
    public ValidatingResolver(IReadOnlyList<IPEndPoint> servers, string? trustAnchors)
    {
        if (_context.IsInvalid)
            throw new TlsConfigurationException("libunbound can't be used: there is no memory for it.");
        Check(LibUnbound.ub_ctx_debugout(_context, 0));
        // A resolver of this machine is as good as any.
        Check(LibUnbound.ub_ctx_set_option(_context, "do-not-query-localhost:", "no"));
        foreach (var server in servers)
            Check(LibUnbound.ub_ctx_set_fwd(_context, $"{server.Address}@{server.Port}"));
        if (trustAnchors is not null)
            Check(LibUnbound.ub_ctx_add_ta_file(_context, trustAnchors));
        foreach (var anchor in trustAnchors is null ? _root : [])
            Check(LibUnbound.ub_ctx_add_ta(_context, anchor));
        Check(LibUnbound.ub_ctx_async(_context, isThread: 1));
        new Thread(TakeAnswers) { IsBackground = true, Name = "DNSSEC" }.Start();
    }

    public async ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancellationToken)
    {
        if (!DnsMessage.IsName(name))
            return new(DnsOutcome.NoName, []);
        return await Ask(name.ToLowerInvariant(), type).WaitAsync(cancellationToken);
    }

    /// <summary>Nobody asks any more; what is under way is still answered.</summary>
    public void Dispose()
    {
        lock (_gate)
            _isRetired = true;
        _asked.Release();
    }

    private unsafe Task<DnsAnswer> Ask(string name, DnsType type)
    {
        var question = new Question(this, name, type);
        lock (_gate)
        {
            if (_isRetired)
                return Task.FromResult(Failed("the configuration has changed"));
            _pending++;
        }
        var handle = GCHandle.Alloc(question);
        var error = LibUnbound.ub_resolve_async(
            _context, name, (int)type, InternetClass, GCHandle.ToIntPtr(handle), &TakeAnswer, null);
        if (error != 0)
        {
            handle.Free();
            question.Complete(Failed($"{name} can't be asked for: {LibUnbound.Describe(error)}"));
        }
        _asked.Release();
        return question.Answer;
    }

    private unsafe void TakeAnswers()
    {
        while (true)
        {
            _asked.Wait();
            while (true)
            {
                lock (_gate)
                {
                    if (_pending == 0 && _isRetired)
                    {
                        _context.Dispose();
                        return;
                    }
                    if (_pending == 0)
                        break;
                }
                var descriptor = new PollDescriptor { Descriptor = LibUnbound.ub_fd(_context), Events = PollDescriptor.Input };
                _ = LibUnbound.poll(&descriptor, 1, Glance);
                _ = LibUnbound.ub_process(_context);
            }
        }
    }

    [UnmanagedCallersOnly]
    private static unsafe void TakeAnswer(nint data, int error, UnboundResult* result)
    {
        var handle = GCHandle.FromIntPtr(data);
        var question = (Question)handle.Target!;
        handle.Free();
        try
        {
            question.Complete(error != 0
                ? Failed($"{question.Name} can't be asked for: {LibUnbound.Describe(error)}")
                : Read(question, result));
        }
        finally
        {
            if (error == 0)
                LibUnbound.ub_resolve_free(result);
        }
    }

    private static unsafe DnsAnswer Read(Question question, UnboundResult* result)
    {
        if (result->IsBogus != 0)
            return Failed($"DNSSEC: {Marshal.PtrToStringUTF8(result->WhyBogus) ?? $"the answer about {question.Name} is bogus"}");
        if (result->Code is not (0 or NoSuchName))
            return Failed($"the DNS server answers with code {result->Code} about {question.Name}");
        var records = new List<DnsRecord>();
        for (var i = 0; result->HasData != 0 && result->Data[i] != null; i++)
        {
            var bytes = new ReadOnlySpan<byte>(result->Data[i], result->Lengths[i]);
            if (DnsMessage.ReadRecord(bytes, 0, question.Type, question.Name, (uint)result->TimeToLive) is { } record)
                records.Add(record);
        }
        return new(records.Count > 0 ? DnsOutcome.Found : result->IsNoName != 0 ? DnsOutcome.NoName : DnsOutcome.NoData, records)
        {
            IsValidated = true,
            IsSecure = result->IsSecure != 0,
        };
    }

    private static DnsAnswer Failed(string why) => DnsAnswer.Failed(why) with { IsValidated = true };

    private static void Check(int error)
    {
        if (error != 0)
            throw new TlsConfigurationException($"libunbound can't be used: {LibUnbound.Describe(error)}.");
    }

    private sealed class Question(ValidatingResolver resolver, string name, DnsType type)
    {
        private readonly TaskCompletionSource<DnsAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public DnsType Type => type;

        public Task<DnsAnswer> Answer => _answer.Task;

        public void Complete(DnsAnswer answer)
        {
            lock (resolver._gate)
                resolver._pending--;
            _answer.TrySetResult(answer);
        }
    }
}
