using Xmpp.Storage.Mongo.Native;

namespace Xmpp.Storage.Mongo;

/// <summary>Passes on what the driver warns of. It says the same again and again during an outage, which is said once.</summary>
internal sealed class MongoWarnings : IDisposable
{
    private readonly MongoStoreOptions _options;
    private string? _last;

    public MongoWarnings(MongoStoreOptions options)
    {
        _options = options;
        MongoLog.Warned += OnWarned;
    }

    public void Dispose() => MongoLog.Warned -= OnWarned;

    private void OnWarned(string warning)
    {
        if (warning != Interlocked.Exchange(ref _last, warning))
            _options.Warned?.Invoke(MongoUri.Redact(warning, _options.Uri));
    }
}
