"""What the engine promises is asked for with pymongo, which knows nothing of us."""

import itertools
import os
import sys
from pathlib import Path

import pymongo
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))
sys.dont_write_bytecode = True

from mongodb import Engine, Gateway  # noqa: E402
from pki import Authority  # noqa: E402
from xmppchat import TIMEOUT  # noqa: E402


@pytest.fixture(scope="session")
def started():
    """Directory of the engine's socket (None: a server that somebody else gave) and connection string."""
    directory, uri = os.environ.get("XMPPCHAT_TEST_MONGODB_ENGINE"), os.environ.get("XMPPCHAT_TEST_MONGODB")
    if uri and not directory:
        yield None, uri
        return
    engine = None if directory else Engine("--fast")
    gateway = Gateway(directory or engine.directory)
    yield directory or engine.directory, gateway.uri
    gateway.stop()
    if engine:
        engine.stop()


@pytest.fixture(scope="session")
def uri(started):
    return started[1]


@pytest.fixture(scope="session")
def client(uri):
    with pymongo.MongoClient(uri, serverSelectionTimeoutMS=TIMEOUT * 1000) as client:
        yield client


NUMBERS = itertools.count(1)


@pytest.fixture
def database(client):
    """A database of the test's own."""
    name = f"gateway_{os.getpid()}_{next(NUMBERS)}"
    yield client[name]
    client.drop_database(name)


@pytest.fixture
def gateway(started):
    """gateway(*options) starts a gateway of the test's own on the common engine; returns its connection string."""
    engine = started[0]
    if engine is None:
        pytest.skip("needs the engine of these tests")
    gateways = []

    def start(*options):
        gateways.append(Gateway(engine, *options))
        return gateways[-1].uri

    yield start
    for running in gateways:
        running.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))
