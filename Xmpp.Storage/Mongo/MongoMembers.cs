using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The members of rooms or of nodes. What changes several of them, or one and its room or node, is written down in the document of the
/// room or node first, in the same write as what changes there; whoever reads or changes it next counts it as done, and finishes it. So a
/// change is there whole or not at all, wherever it is broken off. Callers take turns.
/// </summary>
internal sealed class MongoMembers<TMember>(
    MongoCollection owners, MongoCollection members, MemberDocument<TMember> document)
{
    private static readonly FindOptions Header = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 1).Int32("step", 1)) };
    private static readonly BsonDocument StepDone = BsonDocument.Build(w => w.Begin("$unset").Int32("step", 1).End());

    /// <summary>A room's or node's id, and what was begun with its members.</summary>
    public ValueTask<(AccountId Id, MemberStep<TMember>? Step)?> FindHeaderAsync(BsonDocument owner, CancellationToken cancellationToken) =>
        owners.FindOneAsync<(AccountId, MemberStep<TMember>?)?>(
            owner, found => (AccountIds.ReadId(found), document.ReadStep(found)), Header, cancellationToken);

    /// <summary>All members of one, in no particular order.</summary>
    /// <param name="step">What was begun with them.</param>
    public async ValueTask<List<TMember>> ListAsync(AccountId owner, MemberStep<TMember>? step, CancellationToken cancellationToken) =>
        document.Apply(await members.FindAsync(AccountDocuments.Of(owner), document.Read, null, cancellationToken), step);

    /// <summary>What all rooms or nodes that <paramref name="filter"/> leaves keep of somebody.</summary>
    public ValueTask<List<(AccountId Owner, TMember Member)>> FindAsync(BsonDocument filter, CancellationToken cancellationToken) =>
        members.FindAsync(
            filter, found => (MemberDocument<TMember>.ReadOwner(found), document.Read(found)), null, cancellationToken);

    public async ValueTask SaveAsync(AccountId owner, MemberStep<TMember> step, CancellationToken cancellationToken) =>
        await members.PutAsync(document.ToBulk(owner, step), cancellationToken);

    /// <summary>Does what was written down, and notes that it is done.</summary>
    public async ValueTask FinishAsync(AccountId owner, MemberStep<TMember> step)
    {
        await SaveAsync(owner, step, CancellationToken.None);
        await owners.UpdateAsync(AccountDocuments.ById(owner), StepDone);
    }

    /// <summary>The same, for who has just written it down.</summary>
    public async ValueTask TryFinishAsync(AccountId owner, MemberStep<TMember> step)
    {
        if (step.Count == 0)
            return;
        try
        {
            await FinishAsync(owner, step);
        }
        catch (StoreException)
        {
            // The change is stored. Whoever comes next finishes it.
        }
    }
}
