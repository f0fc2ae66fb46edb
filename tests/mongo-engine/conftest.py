"""What the engine promises is asked for with pymongo, which knows nothing of us."""

import itertools
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pymongo
import pytest

HERE = Path(__file__).resolve().parent
GATEWAY = HERE / "gateway/bin/Release/net10.0/Xmpp.MongoGateway.dll"
sys.path.insert(0, str(HERE.parent / "interop"))
sys.dont_write_bytecode = True

from pki import Authority  # noqa: E402
from xmppchat import end_with_parent  # noqa: E402

# Generous: it only passes when something hangs.
TIMEOUT = 60


class Process:
    """A process that prints lines, of which the last says that it is ready."""

    def __init__(self, lines, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        self.lines = [self._line(command) for _ in range(lines)]

    def _line(self, command):
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT)
        line = self.process.stdout.readline().strip() if ready else ""
        if not line:
            self.stop()
            raise AssertionError(f"{command} did not start")
        return line

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(TIMEOUT)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def started():
    """Directory of the engine's socket (None: a server that somebody else gave) and connection string."""
    if uri := os.environ.get("XMPPCHAT_TEST_MONGODB"):
        yield os.environ.get("XMPPCHAT_TEST_MONGODB_ENGINE"), uri
        return
    engine = Process(2, HERE / "engine.sh", "run", "--fast")
    yield engine.lines
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
    processes = []

    def start(*options):
        processes.append(Process(1, "dotnet", GATEWAY, "--engine", engine, *options))
        return processes[-1].lines[0]

    yield start
    for process in processes:
        process.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))
