#!/usr/bin/python3
"""A federation on loopback addresses: this server, Prosody and ejabberd, which find each other by a DNS server of their own and know each
other by certificates of one CA.

    /usr/bin/python3 tests/federation/federation.py

has it run until Ctrl-C, and says how to log in at each server. tests/interop/test_federation.py takes what it needs of it, and makes parts
of it worse. Needs root (Prosody asks port 53), Debian's Prosody and ejabberd, and builds of Xmpp.Server and Xmpp.Ctl.
"""

import contextlib
import signal
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "interop"))

from nameserver import NameServer  # noqa: E402
from peers import S2S, S2S_TLS, Ejabberd, Prosody  # noqa: E402
from pki import Authority  # noqa: E402
from xmppchat import Server, free_port  # noqa: E402

DOMAIN = "capulet.example"
PEERS = {"prosody": (Prosody, "montague.example", "127.0.66.2"), "ejabberd": (Ejabberd, "verona.example", "127.0.66.3")}
# ejabberd 23.01 doesn't accept certificates for servers only.
BOTH = "serverAuth,clientAuth"


@contextlib.contextmanager
def federation(directory, network):
    """This server and the others, all running, on 127.0.<network>.0/24."""
    world = Authority(directory / "world")
    with contextlib.ExitStack() as stack:
        dns = NameServer(f"127.0.{network}.53")
        stack.callback(dns.close)
        ours = stack.enter_context(running(dns, world, directory / "ours", f"federation-{network}", f"127.0.{network}.1", BOTH))
        servers = [ours]
        for name, (kind, domain, address) in PEERS.items():
            servers.append(kind(domain, address.replace("66", network), directory / name, world, dns, usage=BOTH))
            stack.callback(servers[-1].stop)
            servers[-1].start()
        yield servers


@contextlib.contextmanager
def running(dns, world, directory, name, address, usage="serverAuth", engine="auto", limits=None, **s2s):
    """This server, with a certificate of the CA."""
    certificates = directory / "certs"
    certificates.mkdir(parents=True)
    certificate, key = world.issue_hosts(DOMAIN, usage)
    (certificates / f"{DOMAIN}.crt").write_bytes(certificate.read_bytes())
    (certificates / f"{DOMAIN}.key").write_bytes(key.read_bytes())
    web = free_port()
    server = Server(
        name, directory, hosts=[DOMAIN], http={"listeners": [{"address": "127.0.0.1", "port": web}]},
        tls={"certificates": str(certificates), "generateMissing": False, "engine": engine}, limits=limits or {},
        s2s={
            "use": "on", "authorities": str(world.certificate), "dnsServers": [f"{dns.address}:{dns.port}"],
            "listeners": [
                {"address": address, "port": S2S, "tls": "starttls"},
                {"address": address, "port": S2S_TLS, "tls": "direct"},
            ],
            "retryAfter": "1s", **s2s,
        },
    )  # fmt: skip
    server.authority, server.domain = world, DOMAIN
    dns.serve(DOMAIN, address, S2S)
    for service in ("conference", "pubsub"):
        dns.serve(f"{service}.{DOMAIN}", address, S2S)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def main():
    # As Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="federation-") as directory, federation(Path(directory), "66") as servers:
        for server in servers:
            account = server.add_user(host=server.domain)
            print(f"{account.jid}, {account.password!r}: {getattr(server, 'address', '127.0.0.1')}, port {server.port}, CA {server.ca}")
        print("Ctrl-C ends it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
