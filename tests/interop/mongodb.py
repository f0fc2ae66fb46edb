"""The tests' MongoDB as a process: tests/mongo-engine."""

import os
import select
import signal
import subprocess
from pathlib import Path

from xmppchat import ROOT, TIMEOUT, end_with_parent

HERE = ROOT / "tests/mongo-engine"
GATEWAY = HERE / "gateway/bin/Release/net10.0/Xmpp.MongoGateway.dll"


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


class Engine(Process):
    """DocumentDB with a database of its own."""

    def __init__(self, *options):
        super().__init__(2, HERE / "engine.sh", "run", *options)
        self.directory, self.uri = self.lines

    def kill(self):
        """Kills the database without warning; it is started again by itself."""
        postmaster = (Path(self.directory) / "data/postmaster.pid").read_text().split()[0]
        os.kill(int(postmaster), signal.SIGKILL)


class Gateway(Process):
    """Another server for the same data, which looks as its options say."""

    def __init__(self, directory, *options):
        super().__init__(1, "dotnet", GATEWAY, "--engine", directory, *options)
        (self.uri,) = self.lines
