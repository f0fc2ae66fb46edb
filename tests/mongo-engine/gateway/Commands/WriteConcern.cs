using Xmpp.MongoGateway.Bson;
using Xmpp.MongoGateway.Wire;

namespace Xmpp.MongoGateway.Commands;

/// <summary>
/// What a client demands of a write. A write that the engine has committed is as durable as can be, and all members have it; so
/// whatever a replica set of this many members can satisfy is satisfied.
/// </summary>
internal static class WriteConcern
{
    /// <summary>The reply, with a writeConcernError when the set could never satisfy the demand.</summary>
    public static BsonDocument Satisfy(Request request, BsonDocument reply, int members)
    {
        if (request.Body["writeConcern"]?.Document["w"] is not { } demand)
            return reply;
        if (demand.IsNumber && demand.Number > members)
            return AddError(reply, MongoError.UnsatisfiableWriteConcern, "Not enough data-bearing nodes");
        if (!demand.IsNumber && demand.Text != "majority")
            return AddError(reply, MongoError.UnknownReplWriteConcern, $"No write concern mode named '{demand.Text}' found");
        return reply;
    }

    public static BsonDocument AddError(BsonDocument reply, BsonElement error) =>
        Extend(reply).Add("writeConcernError", error).ToDocument();

    private static BsonDocument AddError(BsonDocument reply, MongoError error, string message) =>
        Extend(reply)
            .Add("writeConcernError", new BsonBuilder().Add("code", (int)error).Add("codeName", error.ToString()).Add("errmsg", message))
            .ToDocument();

    private static BsonBuilder Extend(BsonDocument reply)
    {
        var extended = new BsonBuilder();
        foreach (var element in reply.Elements())
            extended.Add(element);
        return extended;
    }
}
