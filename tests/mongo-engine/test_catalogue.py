"""Databases, collections, indexes."""

import datetime
import threading
import time

import pymongo
import pytest
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError, CollectionInvalid, DuplicateKeyError, OperationFailure


def test_collections_and_databases(client, database):
    database.create_collection("made")
    database.implied.insert_one({})
    assert set(database.list_collection_names()) == {"made", "implied"}
    assert database.name in client.list_database_names()
    with pytest.raises(CollectionInvalid):
        database.create_collection("made")
    with pytest.raises(OperationFailure) as failure:
        database.command("create", "made", validator={"x": 1})
    assert failure.value.code == 48
    database.made.drop()
    database.made.drop()
    assert database.list_collection_names() == ["implied"]
    client.drop_database(database.name)
    assert database.name not in client.list_database_names()
    assert database.list_collection_names() == []


def test_indexes(database):
    items = database.items
    items.create_index([("host", ASCENDING), ("name", ASCENDING)], unique=True, name="address")
    items.create_indexes([
        IndexModel([("at", ASCENDING), ("n", DESCENDING)], name="at"),
        IndexModel("flag", partialFilterExpression={"flag": {"$gt": 5}}, name="flag"),
        IndexModel("expires", expireAfterSeconds=3600, name="expires"),
    ])  # fmt: skip
    known = items.index_information()
    assert set(known) == {"_id_", "address", "at", "flag", "expires"}
    assert known["address"]["unique"] is True
    assert known["address"]["key"] == [("host", 1), ("name", 1)]
    assert known["expires"]["expireAfterSeconds"] == 3600
    assert known["flag"]["partialFilterExpression"] == {"flag": {"$gt": 5}}
    items.drop_index("at")
    assert "at" not in items.index_information()
    with pytest.raises(OperationFailure) as failure:
        items.drop_index("at")
    assert failure.value.code == 27


def test_the_same_index_again_is_no_error_and_another_one_of_its_name_is(database):
    items = database.items
    for _ in range(2):
        items.create_index("a", name="a")
    with pytest.raises(OperationFailure) as failure:
        items.create_index("b", name="a")
    assert failure.value.code == 86
    with pytest.raises(OperationFailure) as failure:
        items.create_index("a", name="other")
    assert failure.value.code == 85


def test_unique_indexes_hold_for_every_kind_of_write(database):
    items = database.items
    items.create_index([("host", 1), ("name", 1)], unique=True, name="address")
    items.insert_one({"host": "a", "name": "x"})
    taken = {"host": "a", "name": "x"}
    with pytest.raises(DuplicateKeyError) as failure:
        items.insert_one(dict(taken))
    assert f"E11000 duplicate key error collection: {database.name}.items index: address" in failure.value.details["errmsg"]
    for write in (
        lambda: items.update_one({"host": "b"}, {"$set": taken}, upsert=True),
        lambda: items.find_one_and_update({"host": "c"}, {"$set": taken}, upsert=True),
        lambda: items.replace_one({"host": "d"}, dict(taken), upsert=True),
    ):
        with pytest.raises(DuplicateKeyError) as failure:
            write()
        assert failure.value.code == 11000
    with pytest.raises(BulkWriteError) as failure:
        items.insert_many([{"host": "k"}, dict(taken), {"host": "l"}], ordered=False)
    assert (failure.value.details["nInserted"], failure.value.details["writeErrors"][0]["code"]) == (2, 11000)
    assert items.count_documents({}) == 3


def test_a_partial_unique_index_concerns_what_it_is_for(database):
    items = database.items
    items.create_index("name", unique=True, partialFilterExpression={"name": {"$exists": True}})
    items.insert_many([{}, {}, {"name": "x"}])
    with pytest.raises(DuplicateKeyError):
        items.insert_one({"name": "x"})


def test_a_unique_index_over_duplicates_is_not_made(database):
    database.items.insert_many([{"k": 1}, {"k": 1}])
    with pytest.raises(OperationFailure) as failure:
        database.items.create_index("k", unique=True)
    assert failure.value.code == 11000
    assert set(database.items.index_information()) == {"_id_"}


def test_what_expires_goes_by_itself(client, database):
    """The index says after how long; 0: the field is the time itself. mongod looks every minute; here it is told to be quicker."""
    before = client.admin.command("setParameter", 1, ttlMonitorSleepSecs=1)["was"]
    try:
        now = datetime.datetime.utcnow()
        database.mortal.create_index("expires", expireAfterSeconds=0)
        database.mortal.create_index("seen", expireAfterSeconds=3600)
        database.mortal.insert_many([
            {"_id": "past", "expires": now - datetime.timedelta(seconds=5)},
            {"_id": "future", "expires": now + datetime.timedelta(hours=1)},
            {"_id": "without", "other": 1},
            {"_id": "no time", "expires": "never"},
            {"_id": "seen long ago", "seen": now - datetime.timedelta(hours=2)},
            {"_id": "seen lately", "seen": now - datetime.timedelta(minutes=2)},
        ])  # fmt: skip
        deadline = time.monotonic() + 30
        while database.mortal.count_documents({}) > 4 and time.monotonic() < deadline:
            time.sleep(0.2)
        left = {document["_id"] for document in database.mortal.find()}
        assert left == {"future", "without", "no time", "seen lately"}
    finally:
        client.admin.command("setParameter", 1, ttlMonitorSleepSecs=before)


def test_many_servers_make_the_same_collections_and_indexes_at_once(client, uri, database):
    """As nodes do that start together. Each driver is another client."""
    failures = []

    def start():
        try:
            with pymongo.MongoClient(uri) as own:
                for collection in ("a", "b", "c"):
                    own[database.name][collection].create_indexes([
                        IndexModel([("host", 1), ("name", 1)], unique=True, name="address"), IndexModel("at", name="at"),
                    ])  # fmt: skip
                own[database.name].schema.update_one({"_id": "version"}, {"$max": {"version": 1}}, upsert=True)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [set(database[name].index_information()) for name in "abc"] == [{"_id_", "address", "at"}] * 3
    assert list(database.schema.find()) == [{"_id": "version", "version": 1}]
