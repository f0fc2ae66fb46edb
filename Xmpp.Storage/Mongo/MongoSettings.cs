using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>The collection <c>setting</c>.</summary>
internal sealed class MongoSettings(MongoCollection settings) : ISettingStore
{
    public ValueTask<string?> FindAsync(string host, string name, CancellationToken cancellationToken) => settings.FindOneAsync(
        ById(host, name), static document => document.Get("value"u8).String, null, cancellationToken);

    public async ValueTask SetAsync(string host, string name, string? value, CancellationToken cancellationToken)
    {
        var id = ById(host, name);
        if (value is null)
        {
            await settings.DeleteAsync(id, cancellationToken: cancellationToken);
            return;
        }

        await settings.PutAsync(id, Write(id, value), cancellationToken);
    }

    internal static BsonDocument Write(BsonDocument id, string value) =>
        BsonDocument.Build((id, value), static (w, setting) => w.Fields(setting.id).String("value", setting.value));

    internal static SettingRecord Read(BsonReader document)
    {
        var id = document.Get("_id"u8).Document;
        return new(id.Get("host"u8).String, id.Get("name"u8).String, document.Get("value"u8).String);
    }

    internal static BsonDocument ById(string host, string name) => BsonDocument.Build((host, name), static (w, key) =>
        w.Begin("_id").String("host", key.host).String("name", key.name).End());
}
