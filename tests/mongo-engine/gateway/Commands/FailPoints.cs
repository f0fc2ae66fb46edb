using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>
/// The fail points that a mongod with enableTestCommands=1 has for testing drivers, as far as they are needed: "failCommand", and
/// "onPrimaryTransactionalWrite", which breaks the connection once a retryable write was carried out. Unlike mongod's, one for each
/// appName may be set at a time, so that tests don't meet.
/// </summary>
internal sealed class FailPoints
{
    private const int MaxPoints = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, string Application), FailPoint> _points = [];

    public BsonDocument Configure(Request request)
    {
        var name = request.Argument.Text;
        if (name is not (FailPoint.FailCommand or FailPoint.AfterWrite))
            throw new MongoException(MongoError.CommandNotSupported, $"there is no fail point '{name}'");
        var data = request.Body["data"]?.Document ?? BsonDocument.Empty;
        var key = (name, data["appName"]?.Text ?? "");
        var mode = request.Body["mode"];
        lock (_lock)
        {
            if (mode?.Text == "off")
                _points.Remove(key);
            else if (_points.Count < MaxPoints)
                _points[key] = new FailPoint(data) { Left = mode?.Text == "alwaysOn" ? null : mode?.Document["times"]?.Number ?? 1 };
            else
                throw new MongoException(MongoError.IllegalOperation, "there are too many fail points");
        }
        return new BsonBuilder().ToReply();
    }

    /// <summary>The point that is to be applied to a command of an application's now; null mostly.</summary>
    public FailPoint? Take(string name, string command, string application)
    {
        lock (_lock)
        {
            if (_points.Count == 0)
                return null;
            foreach (var key in new[] { (name, application), (name, "") })
                if (_points.TryGetValue(key, out var point) && point.Concerns(command))
                {
                    if (point.Left is { } left && (point.Left = left - 1) == 0)
                        _points.Remove(key);
                    return point;
                }
            return null;
        }
    }
}

internal sealed class FailPoint(BsonDocument data)
{
    public const string FailCommand = "failCommand";
    public const string AfterWrite = "onPrimaryTransactionalWrite";

    private readonly HashSet<string> _commands = [.. Texts(data["failCommands"])];

    /// <summary>How often it is still applied; null: always.</summary>
    public long? Left { get; set; }

    public bool ClosesConnection { get; } = data["closeConnection"]?.IsTrue ?? false;

    /// <summary>For how long the command is held up; zero: not at all.</summary>
    public TimeSpan Delay { get; } =
        data["blockConnection"]?.IsTrue == true ? TimeSpan.FromMilliseconds(data["blockTimeMS"]?.Number ?? 0) : TimeSpan.Zero;

    public MongoError? Error { get; } = data["errorCode"] is { } code ? (MongoError)code.Number : null;

    /// <summary>Labels of the error; null: those that it has by itself.</summary>
    public IReadOnlyList<string>? Labels { get; } = data["errorLabels"] is { } labels ? [.. Texts(labels)] : null;

    /// <summary>What is added to the reply of a command that otherwise succeeds.</summary>
    public BsonElement? WriteConcernError { get; } = data["writeConcernError"];

    public bool Concerns(string command) => _commands.Count == 0 || _commands.Contains(command);

    private static IEnumerable<string> Texts(BsonElement? array) => array?.Document.Elements().Select(element => element.Text) ?? [];
}
