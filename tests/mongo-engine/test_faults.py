"""What goes wrong, on purpose, and what a driver makes of it. As with a mongod that has enableTestCommands=1."""

import contextlib
import threading
import time

import pymongo
import pytest
from pymongo.errors import AutoReconnect, NotMasterError, OperationFailure, ServerSelectionTimeoutError, WriteConcernError

from xmppchat import wait_until


@pytest.fixture
def own(uri, request):
    """A client whose faults concern nobody else."""
    with pymongo.MongoClient(uri, appName=request.node.name, serverSelectionTimeoutMS=20_000) as client:
        yield client


@pytest.fixture
def fails(own, request):
    """fails(times, **data) sets a fail point for that client."""
    points = set()

    def fail(mode, point="failCommand", **data):
        points.add(point)
        mode = {"times": mode} if isinstance(mode, int) else mode
        own.admin.command("configureFailPoint", point, mode=mode, data={"appName": request.node.name, **data})

    yield fail
    for point in points:
        own.admin.command("configureFailPoint", point, mode="off", data={"appName": request.node.name})


@pytest.fixture
def items(own, database):
    return own[database.name].items


def test_an_error_comes_as_often_as_was_said(items, fails):
    fails(2, failCommands=["find"], errorCode=8)
    for _ in range(2):
        with pytest.raises(OperationFailure) as failure:
            items.find_one()
        assert failure.value.code == 8
    assert items.find_one() is None


def test_others_see_nothing_of_it(items, database, fails):
    fails("alwaysOn", failCommands=["find"], errorCode=8)
    assert database.items.find_one() is None
    fails("off")
    assert items.find_one() is None


def test_a_slow_database(items, fails):
    fails(1, failCommands=["insert"], blockConnection=True, blockTimeMS=300)
    started = time.monotonic()
    items.insert_one({})
    assert time.monotonic() - started >= 0.3


def test_a_write_concern_that_is_not_satisfied(items, fails):
    fails(1, failCommands=["insert"], writeConcernError={"code": 64, "codeName": "WriteConcernTimeout", "errmsg": "waiting timed out"})
    with pytest.raises(WriteConcernError) as failure:
        items.insert_one({"_id": 1})
    assert failure.value.code == 64
    assert items.count_documents({}) == 1


@pytest.mark.parametrize("code", [91, 189, 10107, 11600, 11602])
def test_a_write_is_repeated_when_the_primary_goes(items, fails, code):
    fails(1, failCommands=["insert", "update", "findAndModify"], errorCode=code)
    items.insert_one({"_id": 1})
    fails(1, failCommands=["update"], errorCode=code)
    assert items.update_one({"_id": 1}, {"$inc": {"n": 1}}).modified_count == 1
    assert list(items.find()) == [{"_id": 1, "n": 1}]


def test_a_write_is_repeated_when_the_connection_breaks(items, fails):
    fails(1, failCommands=["insert"], closeConnection=True)
    items.insert_one({"_id": 1})
    fails(1, failCommands=["find"], closeConnection=True)
    assert items.find_one() == {"_id": 1}
    fails(2, failCommands=["insert"], closeConnection=True)
    with pytest.raises(AutoReconnect):
        items.insert_one({"_id": 2})


def test_a_write_whose_reply_is_lost_is_done_once(items, fails):
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    items.insert_one({"_id": 1, "n": 0})
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    assert items.update_one({"_id": 1}, {"$inc": {"n": 1}}).modified_count == 1
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    assert items.find_one_and_update({"_id": 1}, {"$inc": {"n": 1}})["n"] == 1
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    items.bulk_write([pymongo.UpdateOne({"_id": 1}, {"$inc": {"n": 1}}), pymongo.InsertOne({"_id": 2})])
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    items.insert_many([{"_id": 3}, {"_id": 4}])
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    result = items.bulk_write([pymongo.DeleteOne({"_id": 3}), pymongo.DeleteOne({"_id": 4}), pymongo.DeleteOne({"_id": 5})])
    assert result.deleted_count == 2
    fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    assert items.delete_one({"_id": 2}).deleted_count == 1
    assert list(items.find()) == [{"_id": 1, "n": 3}]


def test_a_commit_whose_reply_is_lost_is_done_once(own, items, fails):
    items.insert_one({"_id": 1, "n": 0})
    with own.start_session() as session, session.start_transaction():
        items.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=session)
        fails(1, point="onPrimaryTransactionalWrite", closeConnection=True)
    assert items.find_one()["n"] == 1


class TestReplicaSet:
    def test_a_driver_finds_all_members_and_writes_to_the_primary(self, gateway):
        with pymongo.MongoClient(gateway("--members", "3", "--replica-set", "three")) as client:
            wait_until(lambda: len(client.nodes) == 3 and client.primary and len(client.secondaries) == 2, "all members are known")
            secondary = next(iter(client.secondaries))
        with pymongo.MongoClient(*secondary) as client:
            assert client.is_primary is False
            with pytest.raises(NotMasterError) as failure:
                client.test.items.insert_one({})
            assert failure.value.details["code"] == 10107

    def test_nothing_is_lost_or_doubled_when_primaries_step_down_under_load(self, gateway, database):
        with pymongo.MongoClient(gateway("--members", "2"), serverSelectionTimeoutMS=20_000) as client:
            items = client[database.name].items
            items.insert_one({"_id": "counter", "n": 0})
            acknowledged, stop, rounds = [], threading.Event(), [0] * 8

            def work(number):
                n = 0
                while not stop.is_set():
                    n += 1
                    items.insert_one({"_id": f"{number}/{n}"})
                    items.update_one({"_id": "counter"}, {"$inc": {"n": 1}})
                    acknowledged.append(f"{number}/{n}")
                    rounds[number] = n

            failures = []

            def guarded(number):
                try:
                    work(number)
                except Exception as failure:
                    failures.append(failure)

            threads = [threading.Thread(target=guarded, args=[number]) for number in range(len(rounds))]
            for thread in threads:
                thread.start()
            primaries = [client.primary]
            for _ in range(4):
                before = list(rounds)
                with contextlib.suppress(AutoReconnect):
                    client.admin.command("replSetStepDown", 1)
                deadline = time.monotonic() + 20
                # An operation that is interrupted twice has failed: drivers repeat it once.
                while min(n - m for n, m in zip(rounds, before)) < 7 and not failures and time.monotonic() < deadline:
                    time.sleep(0.02)
                primaries.append(client.primary)
            stop.set()
            for thread in threads:
                thread.join()
            assert not failures
            assert len(acknowledged) > 200
            assert len(set(primaries)) == 2
            stored = {document["_id"] for document in items.find()}
            assert stored == {"counter", *acknowledged}
            assert items.find_one({"_id": "counter"})["n"] == len(acknowledged)

    def test_a_standalone_server_has_neither_transactions_nor_retries(self, gateway, database):
        with pymongo.MongoClient(gateway("--replica-set", "none")) as client:
            client[database.name].items.insert_one({})
            with client.start_session() as session:
                session.start_transaction()
                with pytest.raises(OperationFailure) as failure:
                    client[database.name].items.insert_one({}, session=session)
                assert failure.value.code == 20

    def test_a_set_of_another_name_is_none(self, gateway):
        with pymongo.MongoClient(gateway("--replica-set", "rs1").replace("rs1", "rs2"), serverSelectionTimeoutMS=500) as client:
            with pytest.raises(ServerSelectionTimeoutError):
                client.admin.command("ping")
