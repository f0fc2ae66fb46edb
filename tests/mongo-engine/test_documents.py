"""Documents: written, changed, found, removed."""

import datetime

import bson
import pytest
from pymongo import DeleteOne, InsertOne, ReplaceOne, ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, DuplicateKeyError, ExecutionTimeout, OperationFailure, WriteConcernError


@pytest.fixture
def numbers(database):
    """1,000 documents."""
    database.numbers.insert_many([{"_id": i, "x": i, "s": f"v{i}"} for i in range(1, 1001)])
    return database.numbers


def test_documents_are_found_as_they_were_written(database):
    document = {
        "_id": "types", "i": 1, "l": bson.Int64(5), "f": 1.5, "b": b"\x00\x01", "n": None, "t": True,
        "d": datetime.datetime(2024, 1, 2, 3, 4, 5, 6000), "o": bson.ObjectId(), "a": [1, "x", {"y": 2}],
        "dec": bson.Decimal128("1.25"), "re": bson.Regex("^a", "i"), "ts": bson.Timestamp(1, 2), "u": "žluťoučký 🐎 \0",
        "min": bson.MinKey(), "max": bson.MaxKey(), "bin": bson.Binary(b"x", 128),
    }  # fmt: skip
    database.types.insert_one(document)
    assert database.types.find_one({"_id": "types"}) == document


def test_a_document_of_15_megabytes(database):
    database.big.insert_one({"_id": 1, "b": b"x" * 15_000_000})
    assert len(database.big.find_one()["b"]) == 15_000_000


def test_sorting_paging_and_projection(numbers):
    found = list(numbers.find({"x": {"$gt": 10}}, {"x": 1}).sort("x", -1).skip(5).limit(10))
    assert [document["x"] for document in found] == list(range(995, 985, -1))
    assert "s" not in found[0]
    assert numbers.count_documents({}) == numbers.estimated_document_count() == 1000
    assert numbers.count_documents({"_id": {"$in": [1, 2, 4, 5000]}}) == 3
    assert numbers.count_documents({"s": {"$regex": "^v10$"}}) == 1
    assert numbers.distinct("x", {"x": {"$lt": 4}}) == [1, 2, 3]
    hinted = numbers.find({}).hint("_id_").comment("why").max_time_ms(10_000).sort("_id", 1).limit(2)
    assert [document["x"] for document in hinted] == [1, 2]


@pytest.mark.parametrize("order", [1, -1])
def test_cursors(numbers, order):
    assert [document["x"] for document in numbers.find(batch_size=100).sort("x", order)] == list(range(1, 1001))[::order]
    assert sorted(document["x"] for document in numbers.find(batch_size=7)) == list(range(1, 1001))
    with numbers.find(batch_size=10).sort("x", order) as cursor:
        next(cursor)
    assert len(list(numbers.aggregate([{"$sort": {"x": order}}], batchSize=100))) == 1000


def test_two_cursors_at_once(numbers):
    pairs = zip(numbers.find(batch_size=50).sort("x", 1), numbers.find(batch_size=30).sort("x", -1))
    assert all(up["x"] + down["x"] == 1001 for up, down in pairs)


def test_updates(numbers):
    assert numbers.update_one({"_id": 1}, {"$set": {"y": 1}, "$inc": {"x": 5}, "$push": {"l": 1}}).modified_count == 1
    assert numbers.find_one({"_id": 1}) == {"_id": 1, "x": 6, "s": "v1", "y": 1, "l": [1]}
    assert numbers.update_many({"x": {"$lte": 10}}, {"$set": {"z": 1}}).matched_count == 10
    assert numbers.update_one({"_id": 2}, {"$set": {"z": 1}}).raw_result["nModified"] == 0
    assert numbers.update_one({"_id": 5000}, {"$setOnInsert": {"q": 1}}, upsert=True).upserted_id == 5000
    assert numbers.replace_one({"_id": 5000}, {"q": 2}).modified_count == 1
    assert numbers.update_one({"_id": 9000}, {"$set": {"z": 1}}).matched_count == 0
    numbers.update_one({"_id": 5000}, [{"$set": {"r": {"$add": ["$q", 1]}}}])
    numbers.update_one({"_id": 5000}, {"$max": {"q": 1}, "$min": {"r": 0}, "$unset": {"s": ""}})
    assert numbers.find_one({"_id": 5000}) == {"_id": 5000, "q": 2, "r": 0}


def test_arrays(database):
    array = database.arrays
    array.insert_one({"_id": 1, "r": [{"g": "a", "v": 1}, {"g": "b", "v": 2}]})
    array.update_one({"_id": 1, "r.g": "b"}, {"$set": {"r.$.v": 9}})
    array.update_one({"_id": 1}, {"$set": {"r.$[e].v": 7}}, array_filters=[{"e.g": "a"}])
    array.update_one({"_id": 1}, {"$pull": {"r": {"g": "b"}}})
    array.update_one({"_id": 1}, {"$addToSet": {"t": {"$each": [1, 2, 2]}}})
    assert array.find_one() == {"_id": 1, "r": [{"g": "a", "v": 7}], "t": [1, 2]}


def test_removals(numbers):
    assert numbers.delete_one({"_id": 1}).deleted_count == 1
    assert numbers.delete_one({"_id": 1}).deleted_count == 0
    assert numbers.delete_many({"x": {"$gt": 990}}).deleted_count == 10
    assert numbers.delete_many({}).deleted_count == 989


def test_find_and_modify(numbers):
    assert numbers.find_one_and_update({"_id": 2}, {"$inc": {"x": 1}}) == {"_id": 2, "x": 2, "s": "v2"}
    assert numbers.find_one_and_update({"_id": 2}, {"$inc": {"x": 1}}, {"x": 1}, return_document=ReturnDocument.AFTER) == {"_id": 2, "x": 4}
    assert numbers.find_one_and_update({}, {"$set": {"first": 1}}, sort=[("x", -1)])["_id"] == 1000
    assert numbers.find_one_and_delete({"_id": 3})["_id"] == 3
    assert numbers.find_one_and_update({"_id": 7777}, {"$inc": {"x": 1}}, upsert=True, return_document=ReturnDocument.AFTER)["x"] == 1
    assert numbers.find_one_and_update({"_id": 7778}, {"$inc": {"x": 1}}, upsert=True) is None
    assert numbers.find_one_and_update({"_id": 123_456}, {"$inc": {"x": 1}}) is None


def test_bulk_writes(database):
    result = database.bulk.bulk_write([
        InsertOne({"_id": 1}), InsertOne({"_id": 2}), UpdateOne({"_id": 1}, {"$set": {"k": 1}}),
        UpdateOne({"_id": 9}, {"$set": {"k": 1}}, upsert=True), ReplaceOne({"_id": 2}, {"k": 5}), DeleteOne({"_id": 1}),
    ])  # fmt: skip
    assert (result.inserted_count, result.matched_count, result.upserted_count, result.deleted_count) == (2, 2, 1, 1)
    assert result.upserted_ids == {3: 9}


def test_a_bulk_write_of_many_deletions(database):
    database.bulk.insert_many([{"_id": i} for i in range(100)])
    assert database.bulk.bulk_write([DeleteOne({"_id": i}) for i in range(100)]).deleted_count == 100
    assert database.bulk.count_documents({}) == 0


def test_a_bulk_write_of_10000_documents(database):
    assert len(database.many.insert_many([{"_id": i} for i in range(10_000)]).inserted_ids) == 10_000
    assert database.many.count_documents({}) == 10_000


@pytest.mark.parametrize("ordered, inserted", [(True, [1, 2]), (False, [1, 2, 4])])
def test_after_an_error_an_ordered_insert_stops(database, ordered, inserted):
    with pytest.raises(BulkWriteError) as failure:
        database.bulk.insert_many([{"_id": 1}, {"_id": 2}, {"_id": 1}, {"_id": 4}], ordered=ordered)
    (error,) = failure.value.details["writeErrors"]
    assert (error["index"], error["code"]) == (2, 11000)
    assert failure.value.details["nInserted"] == len(inserted)
    assert [document["_id"] for document in database.bulk.find().sort("_id", 1)] == inserted


def test_a_key_that_is_there_is_error_11000(database):
    database.keys.insert_one({"_id": 1})
    with pytest.raises(DuplicateKeyError) as failure:
        database.keys.insert_one({"_id": 1})
    assert failure.value.code == 11000
    assert f"E11000 duplicate key error collection: {database.name}.keys index: _id_" in failure.value.details["errmsg"]


@pytest.mark.parametrize("update, code", [
    ({"$nonsense": {"a": 1}}, 9), ({"$set": {"_id": 5}}, 66), ({"$inc": {"s": 1}}, 14), ({"$set": {"a": 1}, "$unset": {"a": 1}}, 40),
    ({"$set": {"s.t": 1}}, 28), ({"$push": {"x": 1}}, 2),
])  # fmt: skip
def test_updates_that_make_no_sense(numbers, update, code):
    with pytest.raises(OperationFailure) as failure:
        numbers.update_one({"_id": 1}, update)
    assert failure.value.code == code
    assert numbers.find_one({"_id": 1}) == {"_id": 1, "x": 1, "s": "v1"}


def test_queries_that_make_no_sense(database, numbers):
    for query in ({"x": {"$nonsense": 1}}, {"$or": 1}, {"x": {"$in": 1}}):
        with pytest.raises(OperationFailure) as failure:
            numbers.find_one(query)
        assert failure.value.code == 2
    with pytest.raises(OperationFailure) as failure:
        database.command("nonsense")
    assert (failure.value.code, failure.value.details["codeName"]) == (59, "CommandNotFound")


def test_time_limits(numbers):
    slow = [{"$lookup": {"from": "numbers", "pipeline": [{"$match": {"$expr": {"$gte": ["$x", 0]}}}], "as": "all"}}, {"$unwind": "$all"},
            {"$group": {"_id": {"$mod": [{"$multiply": ["$x", "$all.x"]}, 7]}, "n": {"$sum": 1}}}]  # fmt: skip
    with pytest.raises(ExecutionTimeout) as failure:
        list(numbers.aggregate(slow, maxTimeMS=1))
    assert failure.value.code == 50


def test_aggregation(numbers):
    groups = [{"$match": {"x": {"$lte": 100}}}, {"$group": {"_id": {"$mod": ["$x", 3]}, "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    assert list(numbers.aggregate(groups)) == [{"_id": 0, "n": 33}, {"_id": 1, "n": 34}, {"_id": 2, "n": 33}]
    assert list(numbers.aggregate([{"$group": {"_id": None, "top": {"$max": "$x"}}}])) == [{"_id": None, "top": 1000}]
    assert list(numbers.aggregate([{"$match": {"x": 7}}, {"$count": "n"}])) == [{"n": 1}]


def test_write_concerns(database):
    for concern in (WriteConcern(1), WriteConcern("majority", wtimeout=1000, j=True), WriteConcern(j=True)):
        database.get_collection("written", write_concern=concern).insert_one({})
    with pytest.raises(WriteConcernError) as failure:
        database.get_collection("written", write_concern=WriteConcern(50)).insert_one({})
    assert failure.value.code == 100
    with pytest.raises(WriteConcernError) as failure:
        database.get_collection("written", write_concern=WriteConcern("everywhere")).insert_one({})
    assert failure.value.code == 79
    # The writes have happened all the same.
    assert database.written.count_documents({}) == 5


def test_unacknowledged_writes(database):
    unacknowledged = database.get_collection("silent", write_concern=WriteConcern(w=0))
    for number in range(20):
        assert not unacknowledged.insert_one({"_id": number}).acknowledged
    # Behind them on the same connection.
    assert database.silent.count_documents({"_id": {"$gte": 0}}) == 20


def test_collation(database):
    database.names.insert_one({"n": "Abc"})
    assert database.names.count_documents({"n": "abc"}, collation={"locale": "en", "strength": 2}) == 1
