"""External services (XEP-0215): Debian's coturn takes the credentials that the server gives to slixmpp."""

import base64
import hashlib
import hmac
import os
import shutil
import socket
import struct
import subprocess
import time

import pytest

from clients import Slixmpp
from xmppchat import TIMEOUT, end_with_parent, free_port

NS = "{urn:xmpp:extdisco:2}"
SECRET, REALM = "north of verona", "localhost"

# RFC 8489 §5, §14; RFC 8656 §17, §18.
COOKIE = b"\x21\x12\xa4\x42"
ALLOCATE, ALLOCATED, REFUSED = 0x0003, 0x0103, 0x0113
USERNAME, INTEGRITY, ERROR, REALM_ATTRIBUTE, NONCE, REQUESTED_TRANSPORT = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015, 0x0019

pytestmark = pytest.mark.skipif(not shutil.which("turnserver"), reason="needs coturn")


@pytest.fixture(scope="module")
def turn(tmp_path_factory):
    """The port of a coturn that shares a secret with the server."""
    directory, port = tmp_path_factory.mktemp("turn"), free_port()
    with (directory / "turn.log").open("w") as log:
        process = subprocess.Popen(
            [
                "turnserver", "-n", "--listening-ip=127.0.0.1", f"--listening-port={port}", "--relay-ip=127.0.0.1", "--no-tls", "--no-dtls",
                "--no-cli", "--use-auth-secret", f"--static-auth-secret={SECRET}", f"--realm={REALM}", "--log-file=stdout",
                f"--userdb={directory / 'turn.db'}", f"--pidfile={directory / 'turn.pid'}",
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory, preexec_fn=end_with_parent,
        )  # fmt: skip
    yield port
    process.terminate()
    process.wait(TIMEOUT)


@pytest.fixture(scope="module")
def server(start, turn):
    services = [
        {"type": "turn", "host": "127.0.0.1", "port": turn, "transport": "udp", "secret": SECRET},
        {"type": "stun", "host": "127.0.0.1", "port": turn, "transport": "udp"},
    ]
    return start("services", modules={"externalServices": {"list": services}})


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def ask(client, *attributes, key=None):
    """Asks for a relay; the kind of the answer, and its attributes."""
    content = b"".join([attribute(REQUESTED_TRANSPORT, bytes([socket.IPPROTO_UDP, 0, 0, 0])), *attributes])
    transaction = os.urandom(12)
    if key:
        # The length counts what is still to come.
        head = struct.pack("!HH", ALLOCATE, len(content) + 24) + COOKIE + transaction
        content += attribute(INTEGRITY, hmac.new(key, head + content, hashlib.sha1).digest())
    request = struct.pack("!HH", ALLOCATE, len(content)) + COOKIE + transaction + content
    deadline = time.monotonic() + TIMEOUT
    while True:
        # Datagrams may be lost, and coturn may not be there yet.
        try:
            client.send(request)
            answer = client.recv(2048)
            break
        except OSError:
            assert time.monotonic() < deadline, "coturn doesn't answer"
    kind, rest, found = struct.unpack("!H", answer[:2])[0], answer[20:], {}
    while rest:
        name, length = struct.unpack("!HH", rest[:4])
        found[name], rest = rest[4 : 4 + length], rest[4 + length + -length % 4 :]
    return kind, found


def allocate(port, username, password):
    """Asks with long-term credentials (RFC 8489 §9.2); coturn's nonce is good for who asked for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect(("127.0.0.1", port))
        kind, found = ask(client)
        assert kind == REFUSED
        realm, nonce = found[REALM_ATTRIBUTE], found[NONCE]
        key = hashlib.md5(b":".join([username.encode(), realm, password.encode()])).digest()
        return ask(
            client, attribute(USERNAME, username.encode()), attribute(REALM_ATTRIBUTE, realm), attribute(NONCE, nonce), key=key
        )


async def test_coturn_takes_the_credentials(server, turn):
    async with Slixmpp(server, server.add_user()) as client:
        answer = await client.query("localhost", "<services xmlns='urn:xmpp:extdisco:2' type='turn'/>")
        service = answer.xml.find(f"{NS}services/{NS}service")
        assert (service.get("host"), service.get("port")) == ("127.0.0.1", str(turn))
        username, password = service.get("username"), service.get("password")
    kind, _ = allocate(turn, username, password)
    assert kind == ALLOCATED

    # Neither with another password, nor for longer than they were given for.
    forged = base64.b64encode(bytes(20)).decode()
    later = f"{int(username.split(':')[0]) + 1}:{username.split(':')[1]}"
    for wrong in ((username, forged), (later, password)):
        kind, found = allocate(turn, *wrong)
        assert (kind, found[ERROR][2] * 100 + found[ERROR][3]) == (REFUSED, 401)
