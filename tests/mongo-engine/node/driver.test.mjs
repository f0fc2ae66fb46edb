// What the engine promises is asked for with the Node.js driver, which knows nothing of us.
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, describe, it } from 'node:test';
import { MongoClient, MongoServerError } from 'mongodb';

const uri = process.env.XMPPCHAT_TEST_MONGODB;
const range = n => Array.from({ length: n }, (_, i) => i);

describe('the Node.js driver', { skip: uri ? false : 'XMPPCHAT_TEST_MONGODB names no server' }, () => {
  let client, database, items, number = 0;
  const retryable = new Set();

  before(async () => {
    // This long it keeps the process after a write was repeated.
    client = new MongoClient(uri, { monitorCommands: true, appName: 'node', serverSelectionTimeoutMS: 3000 });
    client.on('commandStarted', event => event.command.txnNumber && retryable.add(event.commandName));
    await client.connect();
  });
  after(() => client?.close());

  beforeEach(() => {
    database = client.db(`node_${process.pid}_${++number}`);
    items = database.collection('items');
  });
  afterEach(() => database.dropDatabase());

  it('inserts, finds, sorts and pages', async () => {
    await items.insertMany(range(1000).map(i => ({ _id: i, x: i })));
    const page = await items.find({ x: { $gte: 10 } }).sort({ x: -1 }).skip(5).limit(3).toArray();
    assert.deepEqual(page.map(item => item.x), [994, 993, 992]);
    for (const sort of [{}, { x: -1 }]) {
      let seen = 0;
      for await (const _ of items.find({}, { batchSize: 50, sort })) seen++;
      assert.equal(seen, 1000);
    }
    assert.equal(await items.countDocuments({ x: { $lt: 10 } }), 10);
    assert.equal((await items.distinct('x')).length, 1000);
  });

  it('updates, upserts, replaces, removes', async () => {
    await items.insertOne({ _id: 1, x: 0 });
    assert.equal((await items.updateOne({ _id: 1 }, { $inc: { x: 100 } })).modifiedCount, 1);
    assert.equal((await items.updateOne({ _id: 'u' }, { $set: { x: 1 } }, { upsert: true })).upsertedId, 'u');
    await items.replaceOne({ _id: 'u' }, { k: 1 });
    assert.deepEqual(await items.find().sort({ k: 1 }).toArray(), [{ _id: 1, x: 100 }, { _id: 'u', k: 1 }]);
    assert.equal((await items.findOneAndUpdate({ _id: 1 }, { $inc: { x: 1 } }, { returnDocument: 'after' })).x, 101);
    assert.equal((await items.findOneAndDelete({ _id: 1 }))._id, 1);
    assert.equal((await items.deleteMany({})).deletedCount, 1);
  });

  it('writes in bulk', async () => {
    const result = await items.bulkWrite([
      { insertOne: { document: { _id: 1 } } },
      { updateOne: { filter: { _id: 1 }, update: { $set: { k: 1 } } } },
      { deleteOne: { filter: { _id: 1 } } },
      { updateOne: { filter: { _id: 2 }, update: { $set: { k: 1 } }, upsert: true } },
    ]);
    assert.deepEqual([result.insertedCount, result.modifiedCount, result.deletedCount, result.upsertedCount], [1, 1, 1, 1]);
  });

  it('hears of duplicate keys', async () => {
    await items.createIndex({ k: 1 }, { unique: true });
    await items.insertOne({ k: 1 });
    await assert.rejects(items.insertOne({ k: 1 }), { code: 11000 });
    await assert.rejects(
      items.insertMany([{ k: 2 }, { k: 1 }, { k: 3 }], { ordered: false }),
      error => error.code === 11000 && error.result.insertedCount === 2);
  });

  it('makes, lists and drops indexes', async () => {
    await items.createIndexes([{ key: { a: 1, b: -1 } }, { key: { at: 1 }, expireAfterSeconds: 5 }]);
    assert.deepEqual((await items.listIndexes().toArray()).map(index => index.name), ['_id_', 'a_1_b_-1', 'at_1']);
    await items.dropIndex('a_1_b_-1');
    assert.deepEqual((await items.listIndexes().toArray()).map(index => index.name), ['_id_', 'at_1']);
  });

  it('lists collections and databases', async () => {
    await items.insertOne({});
    assert.deepEqual((await database.listCollections().toArray()).map(collection => collection.name), ['items']);
    assert.ok((await database.admin().listDatabases()).databases.some(other => other.name === database.databaseName));
  });

  it('aggregates', async () => {
    await items.insertMany(range(10).map(x => ({ x })));
    assert.deepEqual(await items.aggregate([{ $group: { _id: null, sum: { $sum: '$x' } } }]).toArray(), [{ _id: null, sum: 45 }]);
  });

  it('does many things at once', async () => {
    await items.createIndex({ k: 1 }, { unique: true, sparse: true });
    const inserted = await Promise.allSettled(range(20).map(() => items.insertOne({ k: 1 })));
    assert.equal(inserted.filter(result => result.status === 'fulfilled').length, 1);
    assert.ok(inserted.every(result => result.status === 'fulfilled' || result.reason.code === 11000));
    await Promise.all(range(50).map(() => items.updateOne({ _id: 'n' }, { $inc: { n: 1 } }, { upsert: true })));
    const counted = await Promise.all(
      range(50).map(() => items.findOneAndUpdate({ _id: 'n' }, { $inc: { n: 1 } }, { returnDocument: 'after' })));
    assert.deepEqual(counted.map(item => item.n).sort((a, b) => a - b), range(50).map(i => i + 51));
  });

  it('commits transactions', async () => {
    await client.withSession(session => session.withTransaction(async () => {
      await items.insertOne({ _id: 1 }, { session });
      await items.updateOne({ _id: 1 }, { $set: { v: 1 } }, { session });
      assert.equal(await items.countDocuments({}), 0);
    }));
    assert.deepEqual(await items.findOne(), { _id: 1, v: 1 });
  });

  it('repeats a write whose reply was lost, which is done once', async () => {
    await items.insertOne({ _id: 1, n: 0 });
    const lose = () => client.db('admin').command({
      configureFailPoint: 'onPrimaryTransactionalWrite', mode: { times: 1 }, data: { appName: 'node', closeConnection: true },
    });
    await lose();
    await items.updateOne({ _id: 1 }, { $inc: { n: 1 } });
    await lose();
    await items.insertOne({ _id: 2 });
    assert.deepEqual(await items.find().sort({ _id: 1 }).toArray(), [{ _id: 1, n: 1 }, { _id: 2 }]);
    assert.deepEqual([...retryable].filter(name => name === 'insert' || name === 'update').sort(), ['insert', 'update']);
  });

  it('is told what is wrong', async () => {
    await assert.rejects(database.command({ nonsense: 1 }), error => error instanceof MongoServerError && error.code === 59);
    await assert.rejects(items.find({ x: { $nonsense: 1 } }).toArray(), { code: 2 });
    await assert.rejects(items.insertOne({}, { writeConcern: { w: 50 } }), { code: 100 });
  });
});
