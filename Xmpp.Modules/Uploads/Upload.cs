using System.Text.Json;
using System.Text.Json.Serialization;
using Xmpp.Core;

namespace Xmpp.Modules.Uploads;

/// <summary>What a file is for (XEP-0363 §5).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<UploadPurpose>))]
public enum UploadPurpose
{
    Message,
    Profile,
    Ephemeral,
    Permanent,
}

/// <summary>A file that somebody uploads or has uploaded.</summary>
/// <param name="Id">In its address; nobody guesses it.</param>
/// <param name="Account">Whose it is, a bare JID.</param>
/// <param name="Name">Without directories.</param>
/// <param name="Type">Of its content, as the uploader says; null when it says nothing.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Created">When it was asked for.</param>
/// <param name="Expires">When it goes; null: with its account.</param>
public sealed record Upload(
    string Id, string Account, string Name, string? Type, long Size, UploadPurpose Purpose, DateTimeOffset Created, DateTimeOffset? Expires)
{
    [JsonIgnore]
    public Jid Owner => Jid.Parse(Account);

    public bool IsExpired(DateTimeOffset now) => Expires <= now;

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, UploadJson.Default.Upload);

    /// <returns>Null when it isn't one.</returns>
    public static Upload? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, UploadJson.Default.Upload);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Upload))]
internal sealed partial class UploadJson : JsonSerializerContext;
