"""XmppChat as a process: its own directory, ports, certificates, configuration, and a log that is read afterwards."""

import ctypes
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Several processes may share the tests between them.
ARTIFACTS = ROOT / "artifacts" / "interop" / os.environ.get("PYTEST_XDIST_WORKER", "")
SERVER = ROOT / "Xmpp.Server/bin/Release/net10.0/xmppchat.dll"
CTL = ROOT / "Xmpp.Ctl/bin/Release/net10.0/xmppctl.dll"
WEB_CHAT = ROOT / "web/converse"

# Generous: it only passes when something hangs.
TIMEOUT = 90


@dataclass(frozen=True)
class Account:
    jid: str
    password: str

    @property
    def local(self):
        return self.jid.split("@")[0]

    @property
    def host(self):
        return self.jid.split("@")[1]


class Server:
    """A running server. `options` are laid over a configuration in which one machine may do everything often."""

    def __init__(self, name, directory, **options):
        self.name = name
        self.directory = Path(directory)
        self.config = self.directory / "xmppchat.json"
        self.port, self.tls_port = free_port(), free_port()
        self.options = merge(
            {
                "directory": ".",
                "hosts": ["localhost", "other.example"],
                "listeners": [
                    {"address": "127.0.0.1", "port": self.port, "tls": "starttls"},
                    {"address": "127.0.0.1", "port": self.tls_port, "tls": "direct"},
                ],
                "http": {"listeners": []},
                "authentication": {"scramIterations": 4096, "maxFailuresPerAddress": 1_000_000},
                "log": {"level": "debug"},
            },
            options,
        )
        self.process = self.authority = None
        self.accounts, self._spare = 0, []
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.log = ARTIFACTS / f"{name}.log"
        self.log.write_bytes(b"")

    @property
    def ca(self):
        """The CA of the server's certificate: the one that it made at its first start, or the test's."""
        return self.authority.certificate if self.authority else self.directory / "certs" / "ca.crt"

    def write_config(self):
        self.config.write_text(json.dumps(self.options, indent=2))

    def start(self):
        """Starts the process and waits until it says where it listens."""
        self.write_config()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["dotnet", SERVER, "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        self.expect_start()
        return self

    def expect_start(self):
        """Waits until the process says where it listens."""
        said, deadline = b"", time.monotonic() + TIMEOUT
        while b"Serving" not in said:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                self.kill()
                raise AssertionError(f"{self.name} did not start: {said.decode()}{self.log.read_text()}")
            said += chunk

    def stop(self):
        """Ends the process, if it runs, as systemd would."""
        if self.process is not None:
            self.terminate()
            self.expect_end()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def expect_end(self):
        """It has to end well, and may not have logged an error."""
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end after SIGTERM, see {self.log}") from None
        self._forget()
        assert status == 0, f"{self.name} ended with status {status}, see {self.log}"
        self.check_log()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(TIMEOUT)
            self._forget()

    def _forget(self):
        self.process.stdout.close()
        self.process = None

    def check_log(self):
        bad = re.findall(r"^\S+ (?:error|fatal) .*$", self.log.read_text(errors="replace"), re.MULTILINE)
        assert not bad, f"{self.name} logged errors:\n" + "\n".join(bad[:20])

    def ctl(self, *arguments, stdin=None, check=True):
        """Runs xmppctl; returns its standard output."""
        done = subprocess.run(
            ["dotnet", CTL, *arguments, "--config", self.config], input=stdin, capture_output=True, text=True, timeout=TIMEOUT
        )
        assert not check or done.returncode == 0, f"xmppctl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def add_user(self, host="localhost", name=None):
        """A new account, so that tests don't meet in one."""
        self.accounts += 1
        account = Account(f"{name or f'user{self.accounts}'}@{host}", f"pässword {self.accounts}")
        self.ctl("user", "add", account.jid, "--password-stdin", stdin=account.password + "\n")
        return account

    def new_accounts(self, count):
        """Fresh accounts. They are made many at once, since xmppctl takes its time to start."""
        if len(self._spare) < count:
            numbers = range(self.accounts + 1, self.accounts + 1 + max(count, 30))
            self.accounts = numbers[-1]
            made = [Account(f"user{number}@localhost", f"pässword {number}") for number in numbers]
            self.ctl("user", "import", "-", stdin="".join(f"{account.jid} {account.password}\n" for account in made))
            self._spare += made
        return [self._spare.pop(0) for _ in range(count)]

    def sessions(self, of):
        """Full JIDs of the sessions of an account or host."""
        return [session["jid"] for session in json.loads(self.ctl("session", "list", of, "--json"))]

    def resident_megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def end_with_parent():
    """Has the kernel kill this process when its parent is killed: prctl(PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def merge(base, over):
    return {
        **base,
        **{
            key: merge(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
            for key, value in over.items()
        },
    }


def free_port():
    """A port below the range that the kernel gives to outgoing connections, so that none of those takes it meanwhile."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_until(condition, what, timeout=TIMEOUT):
    """Waits for something that nobody tells us of."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
