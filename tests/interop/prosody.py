"""Prosody in the place of the server under test (`--prosody`): what a test expects that Prosody doesn't do may be the test's mistake."""

import socket
import subprocess

from pki import Authority
from raw import CLIENT, secured
from xmppchat import ARTIFACTS, Account, end_with_parent, free_port, wait_until

CONFIGURATION = """
run_as_root = true
pidfile = "{directory}/prosody.pid"
data_path = "{directory}/data"
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ {tls_port} }}
s2s_ports = {{ }}
modules_enabled = {{
  "disco"; "roster"; "saslauth"; "tls"; "blocklist"; "private"; "vcard4"; "vcard_legacy"; "pep"; "ping"; "register"; "time";
  "version"; "lastactivity"; "offline"; "posix"; "carbons"; "bookmarks"; "smacks"; "uptime";
}}
modules_disabled = {{ "s2s" }}
allow_registration = true
authentication = "internal_hashed"
storage = "internal"
certificates = "{directory}"
ssl = {{ key = "{key}"; certificate = "{certificate}" }}
c2s_direct_tls_ssl = {{ key = "{key}"; certificate = "{certificate}" }}
log = {{ debug = "{log}" }}
VirtualHost "localhost"
Component "conference.localhost" "muc"
"""


class Prosody:
    """As much of `xmppchat.Server` as tests of instant messaging need."""

    def __init__(self, directory):
        self.directory = directory
        self.port, self.tls_port = free_port(), free_port()
        self.process = None
        self.accounts = 0
        authority = Authority(directory)
        self.ca = authority.certificate
        certificate, key = authority.issue_server("localhost")
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        log = ARTIFACTS / "prosody.log"
        log.unlink(missing_ok=True)
        self.config = directory / "prosody.cfg.lua"
        self.config.write_text(
            CONFIGURATION.format(directory=directory, port=self.port, tls_port=self.tls_port, key=key, certificate=certificate, log=log)
        )

    def start(self):
        self.process = subprocess.Popen(
            ["prosody", "-F", "--config", self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent,
        )  # fmt: skip
        wait_until(lambda: listens(self.port) and listens(self.tls_port), "Prosody listens")
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def add_user(self, name=None):
        """By in-band registration."""
        self.accounts += 1
        account = Account(f"{name or f'user{self.accounts}'}@localhost", f"pässword {self.accounts}")
        with secured(self) as stream:
            stream.send(
                "<iq type='set' id='register'><query xmlns='jabber:iq:register'>"
                f"<username>{account.local}</username><password>{account.password}</password></query></iq>"
            )
            stream.expect(CLIENT + "iq", type="result")
        return account

    def new_accounts(self, count):
        return [self.add_user() for _ in range(count)]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
