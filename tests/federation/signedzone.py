"""A zone that ldns has signed (DNSSEC) and NSD serves, for what only secure DNS says."""

import hashlib
import os
import shutil
import subprocess

from peers import S2S, listens
from xmppchat import ARTIFACTS, TIMEOUT, end_with_parent, wait_until

NSD = shutil.which("nsd", path=f"{os.environ['PATH']}:/usr/sbin")
installed = NSD and shutil.which("ldns-signzone")


class SignedZone:
    """`anchors` is a file with whom to trust for it."""

    def __init__(self, name, address, directory, port=5354):
        self.name, self.address, self.directory, self.port = name, address, directory, port
        directory.mkdir(parents=True)
        self.records = ["@ SOA ns hostmaster 1 3600 900 86400 60", "@ NS ns", f"ns A {address}"]
        self.key = self._ldns("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name).strip()
        self.anchors = directory / f"{self.key}.ds"
        self.process = None

    def serve(self, domain, host, address, certificate):
        """A domain's server is at a host, and has that certificate (TLSA 3 1 1: its key counts, whoever has signed it)."""
        key = subprocess.run(
            f"openssl x509 -in '{certificate}' -noout -pubkey | openssl pkey -pubin -outform DER", shell=True, check=True, capture_output=True
        ).stdout
        self.records += [
            f"_xmpp-server._tcp.{domain}. SRV 0 0 {S2S} {host}.", f"{host}. A {address}",
            f"_{S2S}._tcp.{host}. TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}",
        ]  # fmt: skip

    def start(self):
        zone = self.directory / "zone"
        zone.write_text("\n".join([f"$ORIGIN {self.name}.", "$TTL 60", *self.records, ""]))
        self._ldns("ldns-signzone", "zone", self.key)
        config, log = self.directory / "nsd.conf", ARTIFACTS / "nsd.log"
        config.write_text(
            f'server:\n  ip-address: {self.address}@{self.port}\n  username: ""\n  zonesdir: "{self.directory}"\n  database: ""\n'
            f'  pidfile: "{self.directory}/pid"\n  xfrdfile: "{self.directory}/xfrd"\n  zonelistfile: "{self.directory}/zones"\n'
            f'  logfile: "{log}"\n  server-count: 1\n'
            f"remote-control:\n  control-enable: no\n"
            f'zone:\n  name: {self.name}\n  zonefile: zone.signed\n'
        )
        self.process = subprocess.Popen(
            [NSD, "-d", "-c", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )  # fmt: skip
        wait_until(lambda: listens(self.address, self.port), "NSD listens")

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)

    def _ldns(self, *command):
        done = subprocess.run(command, cwd=self.directory, check=True, capture_output=True, text=True, timeout=TIMEOUT)
        return done.stdout
