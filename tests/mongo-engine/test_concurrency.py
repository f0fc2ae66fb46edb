"""What many do at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pymongo
import pytest
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure

CALLERS = 30


def at_once(work, callers=CALLERS):
    """Results or failures, in the order of the callers' numbers."""
    results = [None] * callers
    start = threading.Barrier(callers)

    def run(number):
        start.wait()
        try:
            results[number] = work(number)
        except Exception as failure:
            results[number] = failure

    threads = [threading.Thread(target=run, args=[number]) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_of_many_inserts_of_a_key_succeeds(database):
    database.keys.create_index("k", unique=True)
    results = at_once(lambda number: database.keys.insert_one({"k": 1}))
    failures = [result for result in results if isinstance(result, Exception)]
    assert [type(failure) for failure in failures] == [DuplicateKeyError] * (CALLERS - 1), failures
    assert database.keys.count_documents({}) == 1


def test_upserts_of_one_document_meet_in_it(database):
    assert all(result.acknowledged for result in at_once(lambda _: database.keys.update_one({"_id": 1}, {"$inc": {"n": 1}}, upsert=True)))
    assert list(database.keys.find()) == [{"_id": 1, "n": CALLERS}]


def test_counters_give_every_number_once(database):
    def count(_):
        return database.keys.find_one_and_update({"_id": 1}, {"$inc": {"n": 1}}, upsert=True, return_document=ReturnDocument.AFTER)["n"]

    assert sorted(at_once(count)) == list(range(1, CALLERS + 1))


def test_one_of_many_conditional_changes_wins(database):
    database.keys.insert_one({"_id": 1, "free": True})

    def take(number):
        return database.keys.update_one({"_id": 1, "free": True}, {"$set": {"free": False, "by": number}}).modified_count

    taken = at_once(take)
    assert sorted(taken) == [0] * (CALLERS - 1) + [1]
    assert database.keys.find_one()["by"] == taken.index(1)


def test_inserts_from_everywhere(database):
    at_once(lambda number: [database.many.insert_many([{"caller": number, "n": n} for n in range(50)]) for _ in range(5)])
    assert database.many.count_documents({}) == CALLERS * 250


@pytest.mark.parametrize("documents", [[{"a": 1, "b": 1}], [{"a": 1}, {"b": 1}]], ids=["one", "several"])
def test_inserts_that_meet_a_transaction_head_on_wait_for_its_end(client, database, documents):
    for key in "a", "b":
        database.keys.create_index(key, unique=True, partialFilterExpression={key: {"$exists": True}})
    for _ in range(5):
        with ThreadPoolExecutor() as others, client.start_session() as session:
            with session.start_transaction():
                database.keys.insert_one({"b": 1}, session=session)
                other = others.submit(database.keys.insert_many, [dict(document) for document in documents])
                # Gives the other one the time to come as far as the transaction's key.
                database.keys.count_documents({}, session=session)
                try:
                    database.keys.insert_one({"a": 1}, session=session)
                except OperationFailure as failure:
                    assert failure.has_error_label("TransientTransactionError")
                session.abort_transaction()
            assert len(other.result().inserted_ids) == len(documents)
        assert database.keys.delete_many({}).deleted_count == len(documents)


def test_first_writes_into_a_collection_that_is_not_there(database):
    assert all(result.acknowledged for result in at_once(lambda number: database.fresh.insert_one({"_id": number})))


class TestTransactions:
    def test_they_are_seen_when_committed(self, client, database):
        database.a.insert_one({"_id": 1})
        with client.start_session() as session:
            with session.start_transaction():
                database.a.insert_one({"_id": 2}, session=session)
                database.a.update_one({"_id": 1}, {"$set": {"k": 1}}, session=session)
                assert database.a.count_documents({}, session=session) == 2
                assert database.a.count_documents({}) == 1
        assert list(database.a.find().sort("_id", 1)) == [{"_id": 1, "k": 1}, {"_id": 2}]

    def test_nothing_is_left_of_one_that_is_aborted(self, client, database):
        database.a.insert_one({"_id": 1})
        with client.start_session() as session:
            session.start_transaction()
            database.a.delete_many({}, session=session)
            session.abort_transaction()
        assert database.a.count_documents({}) == 1

    def test_an_error_ends_it(self, client, database):
        database.a.insert_one({"_id": 1})
        with client.start_session() as session:
            session.start_transaction()
            database.a.insert_one({"_id": 2}, session=session)
            with pytest.raises(DuplicateKeyError):
                database.a.insert_one({"_id": 1}, session=session)
            with pytest.raises(OperationFailure) as failure:
                database.a.insert_one({"_id": 3}, session=session)
            assert failure.value.code == 251
        assert database.a.count_documents({}) == 1

    def test_those_that_collide_are_repeated_by_the_driver(self, uri, client, database):
        """with_transaction tries again what has the label TransientTransactionError."""
        database.a.insert_one({"_id": 1, "n": 0})

        def add(session):
            n = database.a.find_one({"_id": 1}, session=session)["n"]
            database.a.update_one({"_id": 1}, {"$set": {"n": n + 1}}, session=session)

        def work(_):
            with client.start_session() as session:
                for _ in range(5):
                    session.with_transaction(add)

        assert at_once(work, 8) == [None] * 8
        assert database.a.find_one()["n"] == 40


def test_hundreds_of_connections(uri, database):
    clients = [pymongo.MongoClient(uri) for _ in range(40)]
    try:
        at_once(lambda number: [clients[number][database.name].many.insert_one({}) for _ in range(5)], len(clients))
        assert database.many.count_documents({}) == len(clients) * 5
    finally:
        for client in clients:
            client.close()
