"""Servers that are down, slow or liars, with TLS, a DNS and certificates as real ones have them: what comes of it, and that nobody else
notices. What only time shows is in Xmpp.Server.Tests, where time is the test's."""

import contextlib
import itertools
import socket
import ssl
import time
from types import SimpleNamespace

import pytest

from federation import DOMAIN, running
from nameserver import NameServer
from peers import S2S
from pki import Authority
from raw import CLIENT, SASL, STREAM, TLS, Stream, auth, bound
from xmppchat import TIMEOUT, free_port, wait_until

OURS, THEIRS = "127.0.76.1", "127.0.76.2"
HEADER = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback'"
    " xmlns:stream='http://etherx.jabber.org/streams' version='1.0' from='{}' to='" + DOMAIN + "'{}>"
)
SERVER, DIALBACK = "{jabber:server}", "{jabber:server:dialback}"
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
EXTERNAL = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"


@pytest.fixture(scope="module")
def dns():
    server = NameServer("127.0.0.1", free_port())
    yield server
    server.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def ours(dns, world, tmp_path_factory):
    options = {"connectTimeout": "3s", "dialback": ["dialback.example", "victim.example"]}
    with running(dns, world, tmp_path_factory.mktemp("ours"), "federation-hostile", OURS, **options) as server:
        yield server


@pytest.fixture
def juliet(ours, listening):
    with bound(ours, ours.add_user(host=DOMAIN)) as stream:
        yield stream
        # Whatever others did.
        assert stream.ping() == []


class Caller(Stream):
    """A server that comes to ours."""

    def __init__(self, world, domain):
        super().__init__(SimpleNamespace(address=OURS, port=S2S, ca=world.certificate))
        self.world, self.domain, self.host = world, domain, DOMAIN

    def open(self, to=None):
        self.restart()
        self.send(HEADER.format(self.domain, ""))
        self.features = self.expect(STREAM + "features")
        return self.features

    def wrap(self, **tls):
        super().wrap(alpn=("xmpp-server",), **tls)

    def secure(self, certificate=None):
        self.connect()
        self.open()
        self.start_tls(certificate=certificate)
        return self

    def authenticate(self):
        self.secure(self.world.issue_hosts(self.domain, "serverAuth,clientAuth"))
        self.send(auth("EXTERNAL", ""))
        self.expect(SASL + "success")
        self.open()
        return self

    def write(self, sender, to, number, text="Hello"):
        self.send(f"<message from='{sender}' to='{to}' id='{number}'><body>{text}</body></message>")


class Called(Stream):
    """A connection that ours has made."""

    def __init__(self, accepted, certificate):
        self.socket, self.certificate = accepted, certificate
        self.socket.settimeout(TIMEOUT)
        self.pause = 0

    def send(self, data):
        if not self.pause:
            return super().send(data)
        for character in data:
            super().send(character)
            time.sleep(self.pause)

    def answer(self, features, domain, number="1"):
        """Reads a stream header and answers it."""
        self.restart()
        while (start := next(self.parser.read_events(), None)) is None:
            data = self.socket.recv(65536)
            assert data, "a stream header expected"
            self.parser.feed(data)
        self.depth, self.root, self.header = 1, start[1], dict(start[1].attrib)
        self.send(HEADER.format(domain, f" id='{number}'") + f"<stream:features>{features}</stream:features>")

    def secure(self, domain):
        self.answer(STARTTLS, domain)
        self.expect(TLS + "starttls")
        self.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def authenticate(self, domain):
        self.secure(domain)
        self.answer(EXTERNAL, domain)
        self.expect(SASL + "auth")
        self.send("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
        self.answer("", domain)


@pytest.fixture
def listening(dns, world):
    """listening(domain) is a socket to which the DNS leads for a domain; `accept` gives what comes."""
    with contextlib.ExitStack() as stack:
        ports = itertools.count(S2S)

        def listen(domain, certificate=None, receive_buffer=None):
            listener = stack.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if receive_buffer:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            port = next(ports)
            listener.bind((THEIRS, port))
            listener.listen()
            listener.settimeout(TIMEOUT)
            dns.serve(domain, THEIRS, port)
            certificate = certificate or world.issue_hosts(domain)
            return SimpleNamespace(accept=lambda: stack.enter_context(Called(listener.accept()[0], certificate)))

        yield listen


def write(stream, domain, number, text="Hello"):
    stream.send(f"<message to='romeo@{domain}' id='{number}' type='chat'><body>{text}</body></message>")


def expect_refusal(stream, condition, domain, number):
    stream.expect_stanza_error(condition, name="message", id=str(number), **{"from": f"romeo@{domain}"})


def test_a_domain_that_is_not_in_the_DNS_and_a_server_that_is_down(dns, juliet):
    write(juliet, "nowhere.example", 1)
    expect_refusal(juliet, "remote-server-not-found", "nowhere.example", 1)
    dns.serve("down.example", THEIRS, S2S - 1)
    write(juliet, "down.example", 2)
    expect_refusal(juliet, "remote-server-timeout", "down.example", 2)


def test_a_server_that_says_nothing_is_waited_for_by_nobody_else(juliet, listening):
    silent, good = listening("silent.example"), listening("good.example")
    write(juliet, "silent.example", 1)
    accepted = silent.accept()
    write(juliet, "good.example", 2)
    peer = good.accept()
    peer.authenticate("good.example")
    peer.expect(SERVER + "message", id="2")
    assert juliet.ping() == []
    expect_refusal(juliet, "remote-server-timeout", "silent.example", 1)
    accepted.socket.close()


def test_a_server_that_says_its_words_letter_by_letter_is_understood(juliet, listening):
    slow = listening("slow.example")
    write(juliet, "slow.example", 1)
    peer = slow.accept()
    peer.pause = 0.0005
    peer.authenticate("slow.example")
    peer.expect(SERVER + "message", id="1")


def test_what_a_server_never_reads_is_returned_before_anybody_believes_that_it_came(dns, world, tmp_path, listening):
    """It does no stream management, and answers no ping: TCP alone says that nothing comes over any more."""
    limits = {"keepAliveTimeout": "6s", "sessionBytesPerSecond": 0}
    with running(dns, world, tmp_path / "ours", "federation-unread", "127.0.76.3", limits=limits) as ours:
        with bound(ours, ours.add_user(host=DOMAIN)) as juliet:
            deaf = listening("deaf.example", receive_buffer=4096)
            write(juliet, "deaf.example", 0)
            peer = deaf.accept()
            peer.authenticate("deaf.example")
            peer.expect(SERVER + "message", id="0")
            for number in range(1, 200):
                write(juliet, "deaf.example", number, "x" * 8192)
            returned = {int(juliet.expect_stanza_error("remote-server-timeout", name="message").get("id")) for _ in range(200)}
            assert returned == set(range(200))
            assert juliet.ping() == []


@pytest.mark.parametrize("lie", ["header", "certificate"])
def test_a_server_that_lies_about_its_name_gets_nothing(lie, world, juliet, listening):
    domain = f"liar-{lie}.example"
    liar = listening(domain, certificate=world.issue_hosts("honest.example") if lie == "certificate" else None)
    write(juliet, domain, 1)
    peer = liar.accept()
    if lie == "header":
        peer.answer(STARTTLS, "honest.example")
        peer.expect_stream_error("invalid-from")
    else:
        peer.secure(domain)
        # Nothing is said any more but goodbye.
        peer.answer(EXTERNAL, domain)
        peer.expect_end()
    expect_refusal(juliet, "remote-server-timeout", domain, 1)


def test_a_stanza_that_breaks_off_is_nobody_s(world, juliet):
    for number, is_whole in ((1, False), (2, True)):
        with Caller(world, "broken.example").authenticate() as peer:
            if is_whole:
                peer.write("romeo@broken.example", juliet.jid, number)
                juliet.expect(CLIENT + "message", id=str(number))
            else:
                peer.send(f"<message from='romeo@broken.example' to='{juliet.jid}' id='{number}'><body>Half")


def test_a_server_that_closes_in_the_middle_of_a_word_is_one_that_can_not_be_reached(juliet, listening):
    domain = "abrupt.example"
    abrupt = listening(domain)
    write(juliet, domain, 1)
    peer = abrupt.accept()
    peer.secure(domain)
    peer.send(HEADER.format(domain, " id='1'") + "<stream:featu")
    peer.socket.close()
    expect_refusal(juliet, "remote-server-timeout", domain, 1)


@pytest.mark.parametrize(
    ("sender", "to", "condition"),
    [
        ("romeo@montague.example", None, "invalid-from"),
        (f"romeo@{DOMAIN}", None, "invalid-from"),
        ("spoofer.example.evil.example", None, "invalid-from"),
        ("romeo@spoofer.example", "juliet@montague.example", "host-unknown"),
    ],
)
def test_a_server_speaks_for_itself_only_and_to_us_only(sender, to, condition, world, juliet):
    with Caller(world, "spoofer.example").authenticate() as peer:
        peer.write(sender, to or juliet.jid, 1)
        peer.expect_stream_error(condition)
    assert juliet.ping() == []


def test_a_certificate_of_another_name_authorises_nobody(world, juliet):
    with Caller(world, "spoofer.example").secure(world.issue_hosts("honest.example", "serverAuth,clientAuth")) as peer:
        assert peer.features.find(SASL + "mechanisms") is None
        peer.write("romeo@spoofer.example", juliet.jid, 1)
        peer.expect_stream_error("not-authorized")
    assert juliet.ping() == []


def test_a_dialback_key_of_ours_is_good_for_the_stream_that_it_was_made_for(world, juliet, listening):
    domain = "dialback.example"
    asked = listening(domain, certificate=world.issue_by_itself(domain))
    write(juliet, domain, 1)
    peer = asked.accept()
    peer.secure(domain)
    peer.answer("", domain, "our-stream")
    key = peer.expect(DIALBACK + "result", to=domain, **{"from": DOMAIN}).text
    with Caller(world, domain).secure() as verifier:
        for stream, verdict in (("another-stream", "invalid"), ("our-stream", "valid")):
            verifier.send(f"<db:verify from='{domain}' to='{DOMAIN}' id='{stream}'>{key}</db:verify>")
            verifier.expect(DIALBACK + "verify", id=stream, type=verdict)
    peer.send(f"<db:result from='{domain}' to='{DOMAIN}' type='valid'/>")
    peer.expect(SERVER + "message", id="1")


def test_a_dialback_key_of_another_stream_authorises_nobody(world, juliet, listening):
    domain = "victim.example"
    victim = listening(domain, certificate=world.issue_by_itself(domain))
    genuine, stolen = (Caller(world, domain).secure() for _ in range(2))
    with genuine, stolen:
        for stream, verdict in ((stolen, "invalid"), (genuine, "valid")):
            stream.send(f"<db:result from='{domain}' to='{DOMAIN}'>the-key</db:result>")
            authority = victim.accept()
            authority.secure(domain)
            authority.answer("", domain)
            question = authority.expect(DIALBACK + "verify", id=stream.header["id"], **{"from": DOMAIN})
            assert question.text == "the-key"
            authority.send(f"<db:verify from='{domain}' to='{DOMAIN}' id='{stream.header['id']}' type='{verdict}'/>")
            stream.expect(DIALBACK + "result", type=verdict)
        genuine.write(f"romeo@{domain}", juliet.jid, 1)
        juliet.expect(CLIENT + "message", id="1")
        stolen.expect_end()
    assert juliet.ping() == []


def test_ten_thousand_domains_are_no_more_than_errors(dns, world, note, tmp_path):
    limits = {"sessionBytesPerSecond": 0}
    with running(dns, world, tmp_path / "ours", "federation-many", "127.0.76.4", limits=limits) as ours:
        with bound(ours, ours.add_user(host=DOMAIN)) as juliet:
            before = ours.resident_megabytes()
            started = time.monotonic()
            conditions = {}
            # More at a time are more questions than the DNS server's socket has room for.
            for first in range(0, 10_000, 100):
                # Half of them are in the DNS, and nobody listens there.
                for number in range(first, first + 100):
                    if number % 2:
                        dns.serve(f"d{number}.example", THEIRS, S2S - 1)
                    write(juliet, f"d{number}.example", number)
                for _ in range(100):
                    message = juliet.expect(CLIENT + "message", type="error")
                    conditions[int(message.get("id"))] = message.find(CLIENT + "error")[0].tag.partition("}")[2]
                assert juliet.ping() == []
            assert conditions == {
                number: "remote-server-timeout" if number % 2 else "remote-server-not-found" for number in range(10_000)
            }  # fmt: skip
            note(
                f"10,000 other domains: {time.monotonic() - started:.0f} s, memory {before:.0f} MB before and "
                f"{ours.resident_megabytes():.0f} MB after"
            )
            wait_until(lambda: ours.ctl("s2s", "list", "--json").strip() == "[]", "the domains are forgotten")
