"""Programs with windows and screens: Gajim and Dino under Xvfb, Profanity in tmux, the web chat in Chromium without a window."""

import asyncio
import contextlib
import json
import os
import random
import select
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from xmppchat import TIMEOUT, end_with_parent, wait_until  # noqa: E402

SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
NOBODY = 65534


class Display:
    """An X server without a screen."""

    def __init__(self):
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            # -ac: Gajim may run as another user; only a local socket is listened on.
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1000x500x24", "-nolisten", "tcp", "-ac"],
            pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent,
            process_group=0,
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as number:
            ready, _, _ = select.select([number], [], [], TIMEOUT)
            self.name = f":{number.readline().strip()}" if ready else ""
        assert self.name != ":", "Xvfb did not start"

    def close(self):
        stop(self.process)


class Driven:
    """A process to which lines of JSON are commands, and which answers each. A method that isn't here is a command."""

    def start(self, *command, log, **options):
        self._log = log.open("w+")
        self._rest = b""
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, preexec_fn=end_with_parent, process_group=0, **options
        )

    def __getattr__(self, command):
        return lambda *arguments: self._command(command, *arguments)

    def _command(self, *command):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
            self.process.stdin.flush()
        deadline = time.monotonic() + TIMEOUT
        while True:
            line, found, rest = self._rest.partition(b"\n")
            if not found:
                ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
                data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
                assert data, f"{type(self).__name__} doesn't answer to {command[0]}, or has ended:\n{self.complaints()}"
                self._rest += data
                continue
            self._rest = rest
            # It says other things as well.
            if line.startswith(b"DRIVER "):
                answer = json.loads(line.removeprefix(b"DRIVER "))
                assert "result" in answer, f"{command}: {answer['error']}\n{self.complaints()}"
                return answer["result"]

    def complaints(self):
        self._log.seek(0)
        return self._log.read()[-3000:]

    def end(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        stop(self.process)
        self._log.close()


class Gajim(Driven):
    """Debian's Gajim with one account, driven by gajim_driver.py."""

    def __init__(self, server, account, display, plugins=()):
        # Not pytest's directory, nor the repository: who runs Gajim may not be let in there.
        self.home = home = Path(tempfile.mkdtemp(prefix="gajim-"))
        driver = shutil.copy(HERE / "gajim_driver.py", home)
        authorities = home / "authorities.crt"
        authorities.write_bytes(SYSTEM_AUTHORITIES.read_bytes() + server.ca.read_bytes())
        prefix = trusting(authorities)
        self.trusts_server = prefix is not None
        if not self.trusts_server:
            # What remains when a user has looked at the certificate and said yes.
            accepted = home / ".local/share/gajim/cert_store"
            accepted.mkdir(parents=True)
            (accepted / "server").write_text(ssl.get_server_certificate(("127.0.0.1", server.tls_port)))
        settings = {
            "application": {
                "use_keyring": False, "check_for_update": False, "plugins_update_check": False, "show_help_start_chat": False,
                "first_run": False,
            },
            "account": {
                "account_label": "test", "name": account.local, "hostname": account.host, "password": account.password, "savepass": True,
                "autoconnect": True, "active": True, "resource": "gajim", "use_custom_host": True, "custom_host": "127.0.0.1",
                "custom_port": server.port, "custom_type": "START TLS",
            },
            "plugins": list(plugins),
        }  # fmt: skip
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DISPLAY": display.name, "LC_ALL": "C.UTF-8",
            "GAJIM_SETTINGS": json.dumps(settings), "GDK_BACKEND": "x11", "GSETTINGS_BACKEND": "memory", "GTK_USE_PORTAL": "0",
            "NO_AT_BRIDGE": "1",
            # Without a default route it would believe that there is no network.
            "GIO_USE_NETWORK_MONITOR": "base",
        }  # fmt: skip
        if os.getuid() == 0:
            for path in (home, *home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        else:
            become = []
        self.start(
            *(prefix or []), *become, "dbus-run-session", "--", "/usr/bin/python3", "-B", driver,
            log=home / "gajim.log", env=environment, cwd="/",
        )  # fmt: skip

    def picture(self, name, content):
        """A file that it can read; its path."""
        file = self.home / name
        file.write_bytes(content)
        file.chmod(0o644)
        return str(file)

    def save_screenshot(self, file):
        self.screenshot(str(self.home / "screenshot.png"))
        shutil.copy(self.home / "screenshot.png", file)

    def close(self):
        self.end()
        shutil.rmtree(self.home)


class Converse(Driven):
    """The server's web chat in Chromium with one account of "localhost", driven by converse.mjs."""

    def __init__(self, server, account, directory, query="", web=None):
        environment = {
            **os.environ, "HOME": str(directory), "XMPP_PASSWORD": account.password, "CHROMIUM": shutil.which("chromium"),
        }  # fmt: skip
        self.start(
            "node", HERE / "converse.mjs", f"{web or server.web}/chat/{query}", account.local, log=directory / "converse.log",
            env=environment,
        )  # fmt: skip

    def close(self):
        self.end()


class Dino:
    """Debian's Dino with one account. It is known by the stanzas that it sends and gets; what it is to do it has to find when it starts.

    The account may not be of "localhost", for which no other address can be given. `encrypted_with`: an address with which it has a
    conversation that it encrypts (OMEMO).
    """

    def __init__(self, server, account, display, directory, encrypted_with=None):
        authorities = directory / "authorities.crt"
        authorities.write_bytes(SYSTEM_AUTHORITIES.read_bytes() + server.ca.read_bytes())
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(directory), "XDG_RUNTIME_DIR": str(directory), "DISPLAY": display.name,
            "LC_ALL": "C.UTF-8", "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo", "GSETTINGS_BACKEND": "memory", "GTK_USE_PORTAL": "0",
            "NO_AT_BRIDGE": "1", "GIO_USE_NETWORK_MONITOR": "base", "GTK_A11Y": "none",
        }  # fmt: skip
        self._environment, self._log = environment, directory / "dino.log"
        self._forwarder = Forwarder(server.port)
        hosts = directory / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{self._forwarder.address} {account.host}\n")
        self._prefix = [*trusting(authorities, hosts), "dbus-run-session", "--"]
        # Its first start makes the database.
        database = directory / ".local/share/dino/dino.db"
        first = self._start()
        wait_until(lambda: has_table(database, "account"), "Dino has a database")
        stop(first)
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(account)")}
            values = {"bare_jid": account.jid, "resourcepart": "dino", "password": account.password, "enabled": 1, "mam_earliest_synced": 0}
            values = {name: value for name, value in values.items() if name in columns}
            connection.execute(
                f"INSERT INTO account ({','.join(values)}) VALUES ({','.join('?' * len(values))})", list(values.values())
            )
            if encrypted_with:
                now = int(time.time())
                jid = connection.execute("INSERT INTO jid (bare_jid) VALUES (?)", [encrypted_with]).lastrowid
                connection.execute(
                    "INSERT INTO conversation (account_id, jid_id, active, active_last_changed, last_active, type, encryption, notification,"
                    " send_typing, send_marker) VALUES (1, ?, 1, ?, ?, 0, 2, 0, 0, 0)", [jid, now, now],
                )  # fmt: skip
        self._database, self._display = database, display
        self.process = self._start()

    def _start(self):
        with self._log.open("w") as log:
            return subprocess.Popen(
                [*self._prefix, "dino-im", "--print-xmpp=all"], env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=end_with_parent, process_group=0,
            )  # fmt: skip

    def messages(self):
        """What it has kept: body and whether it was encrypted by OMEMO."""
        with contextlib.closing(sqlite3.connect(self._database)) as connection:
            return [(body, encryption == 2) for body, encryption in connection.execute("SELECT body, encryption FROM message ORDER BY id")]

    def avatars(self):
        """The pictures that it has got, by their hashes."""
        return {file.name for file in (self._database.parent / "avatars").glob("*")}

    def files(self):
        """What it has fetched: the content of each file."""
        return [file.read_bytes() for file in (self._database.parent / "files").glob("*")]

    def type(self, text):
        """Types a line into the conversation that it shows."""
        self._xdotool("search", "--sync", "--onlyvisible", "--class", "dino", "windowfocus")
        self._xdotool("type", "--delay", "20", text)
        self._xdotool("key", "Return")

    def click(self, x, y):
        self._xdotool("mousemove", str(x), str(y), "click", "1")

    def _xdotool(self, *arguments):
        subprocess.run(["xdotool", *arguments], env=self._environment, check=True, timeout=TIMEOUT, capture_output=True)

    def save_screenshot(self, file):
        subprocess.run(["import", "-window", "root", file], env=self._environment, check=True, timeout=TIMEOUT)

    def said(self):
        """The stanzas."""
        return self._log.read_text(errors="replace")

    def expect(self, text):
        try:
            wait_until(lambda: text in self.said(), f"Dino has {text!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it has:\n{self.said()[-3000:]}") from None

    def close(self):
        stop(self.process)
        self._forwarder.close()


def has_table(database, table):
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone())


class Profanity:
    """Debian's Profanity with one account, in a tmux of its own."""

    def __init__(self, server, account, directory):
        self.directory = Path(directory)
        settings = self.directory / ".config/profanity"
        data = self.directory / ".local/share/profanity"
        settings.mkdir(parents=True)
        data.mkdir(parents=True)
        (data / "accounts").write_text(
            f"[test]\nenabled=true\njid={account.jid}\nresource=profanity\nserver=127.0.0.1\nport={server.port}\n"
            f"password={account.password}\ntls.policy=force\n"
        )
        (settings / "profrc").write_text("[connection]\naccount=test\n[ui]\nsplash=false\n")
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.directory), "XDG_CONFIG_HOME": str(self.directory / ".config"),
            "XDG_DATA_HOME": str(self.directory / ".local/share"), "LC_ALL": "C.UTF-8", "SSL_CERT_FILE": str(server.ca),
            "TMUX_TMPDIR": str(self.directory),
        }  # fmt: skip
        self._environment = environment
        self._tmux("new-session", "-d", "-s", "profanity", "-x", "120", "-y", "35", "profanity", "--account", "test")

    def _tmux(self, *arguments):
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", *arguments], env=self._environment, capture_output=True, text=True, timeout=TIMEOUT
        )
        assert done.returncode == 0, f"tmux {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def type(self, line):
        self._tmux("send-keys", "-t", "profanity", "-l", "--", line)
        self._tmux("send-keys", "-t", "profanity", "Enter")

    def screen(self):
        return self._tmux("capture-pane", "-p", "-t", "profanity")

    def expect(self, text):
        try:
            wait_until(lambda: text in self.screen(), f"Profanity shows {text!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it shows:\n{self.screen()}") from None

    def close(self):
        with contextlib.suppress(AssertionError):
            self._tmux("kill-server")


def trusting(authorities, hosts=None):
    """A prefix for a command for which the system's certificate authorities are these, and for nobody else: GTK's programs ask no variable.
    `hosts`: what /etc/hosts is for it.

    None where one may not make mount namespaces.
    """
    namespace = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]
    mounts, files = [f'mount --bind "$0" {SYSTEM_AUTHORITIES}'], [authorities]
    if hosts:
        mounts, files = [*mounts, 'mount --bind "$1" /etc/hosts', "shift"], [*files, hosts]
    prefix = [*namespace, "sh", "-c", f'{" && ".join(mounts)} && exec "$@"', *files]
    return prefix if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0 else None


class Forwarder:
    """Takes connections, and passes on what comes: at port 5222 of a loopback address of its own for clients that can't be told a port, or
    elsewhere, to cut them."""

    def __init__(self, port, address=None, own_port=5222):
        self._port = port
        self.address = address or f"127.77.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        self._listener = socket.create_server((self.address, own_port))
        self.port = self._listener.getsockname()[1]
        self._sockets = []
        self._is_whole = threading.Event()
        self._is_whole.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client):
        self._is_whole.wait()
        server = socket.create_connection(("127.0.0.1", self._port))
        self._sockets += client, server
        threading.Thread(target=self._pump, args=[server, client], daemon=True).start()
        self._pump(client, server)

    def _pump(self, source, sink):
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Breaks all connections; from new ones nothing comes through until `mend`."""
        self._is_whole.clear()
        while self._sockets:
            with contextlib.suppress(OSError):
                self._sockets.pop().shutdown(socket.SHUT_RDWR)

    def mend(self):
        self._is_whole.set()

    def close(self):
        self._listener.close()


def png(red, green, blue, side=64):
    """A square of one colour."""
    rows = (b"\0" + bytes([red, green, blue]) * side) * side

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def stop(process):
    """Ends a leader of a process group, and what it has left: dbus-run-session lets its command live on."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


async def until(condition, what):
    """Waits while the sessions of this process go on."""
    await asyncio.to_thread(wait_until, condition, what)


def missing(*more):
    """What the machine lacks of what these tests need; empty when nothing."""
    names = ("Xvfb", "dbus-run-session", "gajim", "profanity", "tmux", "unshare", *more)
    return " ".join(name for name in names if not shutil.which(name))


if __name__ == "__main__":
    print(missing(), end="")
