"""An XMPP client that says exactly what a test wants, right or wrong: sockets, TLS and an XML parser of the standard library."""

import base64
import hashlib
import hmac
import os
import re
import secrets
import select
import socket
import ssl
import subprocess
from xml.etree import ElementTree

from xmppchat import TIMEOUT

STREAM = "{http://etherx.jabber.org/streams}"
STREAM_ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
STANZA_ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
BIND = "{urn:ietf:params:xml:ns:xmpp-bind}"
CLIENT = "{jabber:client}"

HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='{to}'>"
)


class StreamEnd:
    """What `Stream.receive` gives for `</stream:stream>`."""


class Stream:
    """One connection. A context manager; the socket closes in the end, whatever the test did."""

    def __init__(self, server, source="127.0.0.1", receive_buffer=None):
        self.server = server
        self.host = "localhost"
        self.features = self.jid = None
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((source, 0))
        self.restart()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def restart(self):
        self.parser = ElementTree.XMLPullParser(["start", "end"])
        self.depth = 0
        # The server's stream header: its attributes. The parser refuses to start with anything else.
        self.header = None

    # Steps of negotiation. Each leaves the stream open, with its features read. -------------------------------------------

    def connect(self):
        self.socket.connect((getattr(self.server, "address", "127.0.0.1"), self.server.port))
        return self

    def connect_tls(self, **tls):
        """Direct TLS (XEP-0368)."""
        self.socket.connect(("127.0.0.1", self.server.tls_port))
        self.wrap(**tls)
        return self

    def open(self, to=None):
        """Sends a stream header; returns the features."""
        self.restart()
        self.host = to or self.host
        self.send(HEADER.format(to=self.host))
        self.features = self.expect(STREAM + "features")
        return self.features

    def start_tls(self, **tls):
        self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        self.expect(TLS + "proceed")
        self.wrap(**tls)
        return self.open()

    def wrap(self, version=None, certificate=None, alpn=("xmpp-client",)):
        context = ssl.create_default_context(cafile=self.server.ca)
        context.set_alpn_protocols(alpn)
        if version:
            context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(*certificate)
        self.socket = context.wrap_socket(self.socket, server_hostname=self.host, suppress_ragged_eofs=False)

    def authenticate(self, account):
        """Logs in by PLAIN; returns the features behind it."""
        self.send(auth("PLAIN", f"\0{account.local}\0{account.password}"))
        self.expect(SASL + "success")
        return self.open()

    def bind(self, resource=None):
        """Binds a resource; returns the full JID."""
        self.send(bind_request(resource))
        self.jid = self.expect(CLIENT + "iq", type="result").findtext(f"{BIND}bind/{BIND}jid")
        return self.jid

    # Sending and receiving. ---------------------------------------------------------------------------------------------

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def receive(self):
        """The next first-level element, StreamEnd, or None when the connection is closed."""
        while True:
            for event, element in self.parser.read_events():
                if event == "start":
                    if self.depth == 0:
                        assert element.tag == STREAM + "stream", describe(element)
                        self.root, self.header = element, dict(element.attrib)
                    self.depth += 1
                else:
                    self.depth -= 1
                    if self.depth == 0:
                        return StreamEnd
                    if self.depth == 1:
                        self.root.clear()
                        return element
            data = self.socket.recv(65536)
            if not data:
                return None
            self.parser.feed(data)

    def expect(self, tag, **attributes):
        """Receives an element, which has to be this one."""
        element = self.receive()
        shown = describe(element)
        assert isinstance(element, ElementTree.Element) and element.tag == tag, f"{tag} expected: {shown}"
        for name, value in attributes.items():
            assert element.get(name) == value, f"{name}='{value}' expected: {shown}"
        return element

    def expect_stanza_error(self, condition, kind=None, name="iq", **attributes):
        stanza = self.expect(CLIENT + name, type="error", **attributes)
        error = stanza.find(CLIENT + "error")
        assert error is not None and error.find(STANZA_ERRORS + condition) is not None, f"{condition} expected: {describe(stanza)}"
        assert kind is None or error.get("type") == kind, f"type='{kind}' expected: {describe(stanza)}"
        return stanza

    def expect_failure(self, condition):
        """A SASL failure (RFC 6120 §6.5) with nothing but this condition, and perhaps a text."""
        failure = self.expect(SASL + "failure")
        assert [child.tag for child in failure if child.tag != SASL + "text"] == [SASL + condition], describe(failure)
        return failure

    def expect_stream_error(self, condition):
        """RFC 6120 §4.9.1: a header, the error with exactly this condition, the end of the stream, the end of the connection."""
        error = self.expect(STREAM + "error")
        conditions = [child.tag for child in error if child.tag.startswith(STREAM_ERRORS) and child.tag != STREAM_ERRORS + "text"]
        assert conditions == [STREAM_ERRORS + condition], f"{condition} expected: {describe(error)}"
        self.expect_end()

    def expect_end(self):
        assert (end := self.receive()) is StreamEnd, f"</stream:stream> expected: {describe(end)}"
        assert (rest := self.receive()) is None, f"the end of the connection expected: {describe(rest)}"

    def ping(self):
        """Asks the server something and reads until the answer: what came before is returned, and there is no more of it."""
        marker = secrets.token_hex(8)
        self.send(f"<iq type='get' id='{marker}' to='{self.host}'><ping xmlns='urn:xmpp:ping'/></iq>")
        before = []
        while True:
            element = self.receive()
            assert isinstance(element, ElementTree.Element), f"a pong expected: {describe(element)}"
            if element.get("id") == marker:
                assert element.get("type") == "result", describe(element)
                return before
            before.append(element)


# Streams that have come so far. -----------------------------------------------------------------------------------------


def opened(server, **options):
    stream = Stream(server, **options).connect()
    stream.open()
    return stream


def secured(server, **options):
    stream = opened(server, **options)
    stream.start_tls()
    return stream


def authenticated(server, account, **options):
    stream = Stream(server, **options).connect()
    stream.open(account.host)
    stream.start_tls()
    stream.authenticate(account)
    return stream


def bound(server, account, resource=None, **options):
    stream = authenticated(server, account, **options)
    stream.bind(resource)
    return stream


# Words of the protocol. -------------------------------------------------------------------------------------------------


def auth(mechanism, response=None):
    """`<auth/>`; without a response it has none, with an empty one it says so (RFC 6120 §6.4.2)."""
    if isinstance(response, str):
        response = response.encode()
    text = "" if response is None else base64.b64encode(response).decode() or "="
    return f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{mechanism}'>{text}</auth>"


def bind_request(resource=None):
    child = f"<resource>{resource}</resource>" if resource else ""
    return f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{child}</bind></iq>"


def mechanisms(features):
    return [mechanism.text for mechanism in features.iter(SASL + "mechanism")]


def describe(element):
    return ElementTree.tostring(element, "unicode") if isinstance(element, ElementTree.Element) else repr(element)


class Scram:
    """A SCRAM client (RFC 5802) for what no library at hand does: bindings of one's choice, and wrong ones."""

    def __init__(self, stream, mechanism, username, password, binding=None):
        """binding: (type, data) with a -PLUS mechanism, else "n" or "y" for the gs2-cbind-flag."""
        self.stream, self.mechanism, self.password = stream, mechanism, password
        self.hash = "sha" + mechanism.split("-")[2]
        flag, self.binding_data = ("p=" + binding[0], binding[1]) if isinstance(binding, tuple) else (binding or "n", b"")
        self.gs2_header = f"{flag},,"
        self.nonce = secrets.token_hex(12)
        self.first_bare = f"n={username.replace('=', '=3D').replace(',', '=2C')},r={self.nonce}"

    def start(self):
        """Sends the first message; returns the answer."""
        self.stream.send(auth(self.mechanism, self.gs2_header + self.first_bare))
        return self.stream.receive()

    def finish(self, answer):
        """Sends the proof that the challenge asks for; returns the attributes of the challenge."""
        assert isinstance(answer, ElementTree.Element) and answer.tag == SASL + "challenge", describe(answer)
        challenge = base64.b64decode(answer.text).decode()
        asked = dict(item.split("=", 1) for item in challenge.split(","))
        assert asked["r"].startswith(self.nonce)
        binding = base64.b64encode(self.gs2_header.encode() + self.binding_data).decode()
        without_proof = f"c={binding},r={asked['r']}"
        message = f"{self.first_bare},{challenge},{without_proof}"
        salted = hashlib.pbkdf2_hmac(self.hash, self.password.encode(), base64.b64decode(asked["s"]), int(asked["i"]))
        client_key = self._hmac(salted, "Client Key")
        signature = self._hmac(hashlib.new(self.hash, client_key).digest(), message)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
        self.verifier = base64.b64encode(self._hmac(self._hmac(salted, "Server Key"), message)).decode()
        response = base64.b64encode(f"{without_proof},p={proof}".encode()).decode()
        self.stream.send(f"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{response}</response>")
        return asked

    def succeed(self):
        """The whole exchange, with the server's proof checked."""
        self.finish(self.start())
        success = self.stream.expect(SASL + "success")
        assert base64.b64decode(success.text).decode() == f"v={self.verifier}", "the server doesn't know the password"

    def _hmac(self, key, message):
        return hmac.new(key, message.encode(), self.hash).digest()


def server_end_point(stream):
    """tls-server-end-point (RFC 5929 §4) of certificates signed with SHA-256, as the server's own ones are."""
    return "tls-server-end-point", hashlib.sha256(stream.socket.getpeercert(binary_form=True)).digest()


class OpenSslPipe:
    """A TLS connection by `openssl s_client`, in place of a socket: it tells tls-exporter's data (RFC 9266), which Python doesn't."""

    def __init__(self, server):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_3", "-CAfile", server.ca, "-verify_return_error",
             "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip
        said = b""
        while not (found := re.search(rb"Keying material: ([0-9A-F]{64})\n", said)):
            said += self._read()
        self.exporter = bytes.fromhex(found[1].decode())
        self.is_talking = False

    def sendall(self, data):
        self.process.stdin.write(data)

    def recv(self, _):
        data = self._read()
        # Before the first answer of the server it tells of sessions and tickets.
        while not self.is_talking and b"<?xml" not in data:
            data += self._read()
        if not self.is_talking:
            data, self.is_talking = data[data.index(b"<?xml") :], True
        return data

    def close(self):
        self.process.kill()
        self.process.communicate()

    def _read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT)
        data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
        assert data, "openssl s_client has ended, or says nothing"
        return data
