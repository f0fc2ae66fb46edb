"""Clients that mean ill, or are ill: the server stays up, stays small, and the others notice nothing."""

import base64
import concurrent.futures
import random
import resource
import select
import socket
import time

import pytest

from raw import CLIENT, HEADER, Stream, auth, authenticated, bound, opened, secured
from xmppchat import TIMEOUT, wait_until

CONNECTION_TIMEOUT = 6


@pytest.fixture(scope="module")
def impatient_server(start):
    """Gives clients a few seconds to log in."""
    return start(
        "impatient",
        limits={"negotiationTimeout": f"{CONNECTION_TIMEOUT}s", "connectionsPerAddress": 10_000},
    )


def test_who_does_not_log_in_is_disconnected(impatient_server):
    """At whatever step of negotiation; waited for together."""
    account = impatient_server.add_user()
    started = time.monotonic()
    silent = Stream(impatient_server).connect()
    half = Stream(impatient_server).connect()
    half.send(HEADER[:40])
    streams = [silent, half, opened(impatient_server), secured(impatient_server), authenticated(impatient_server, account)]
    dribbling = secured(impatient_server)
    try:
        for stream in streams:
            stream.expect_stream_error("connection-timeout")
        elapsed = time.monotonic() - started
        assert CONNECTION_TIMEOUT - 1 <= elapsed <= CONNECTION_TIMEOUT + 10
        # Sending something now and then buys no time.
        dribbling.expect_stream_error("connection-timeout")
    finally:
        for stream in [*streams, dribbling]:
            stream.socket.close()


def test_thousands_of_connections_that_say_nothing_cost_little_and_hinder_nobody(impatient_server, note):
    account = impatient_server.add_user()
    available, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(5000, available - 500)
    before = impatient_server.resident_megabytes()
    silent = []
    try:
        for number in range(count):
            connection = socket.socket()
            connection.settimeout(TIMEOUT)
            connection.bind(("127.0.2.1", 0))
            connection.connect(("127.0.0.1", impatient_server.port if number % 2 else impatient_server.tls_port))
            silent.append(connection)

        started = time.monotonic()
        with bound(impatient_server, account) as stream:
            assert stream.ping() == []
        login = time.monotonic() - started
        grown = impatient_server.resident_megabytes() - before
        note(f"{count} silent connections: {grown:.0f} MB ({grown * 1024 / count:.1f} KB each), a login beside them {login * 1000:.0f} ms")
        assert login < 5
        assert grown < 100

        waiting = {connection.fileno(): connection for connection in silent}
        poll = select.poll()
        for number in waiting:
            poll.register(number, select.POLLIN)
        deadline = time.monotonic() + CONNECTION_TIMEOUT + 15
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} silent connections are still open"
            for number, _ in poll.poll(1000):
                try:
                    ended = not waiting[number].recv(4096)
                except ConnectionResetError:
                    ended = True
                if ended:
                    poll.unregister(number)
                    del waiting[number]
    finally:
        for connection in silent:
            connection.close()


def test_one_address_has_a_limit_of_connections(strict_server):
    streams = [opened(strict_server, source="127.0.3.1") for _ in range(5)]
    try:
        with Stream(strict_server, source="127.0.3.1") as sixth:
            try:
                # The reset may come before connect() returns.
                sixth.connect().send(HEADER.format(to="localhost"))
                assert sixth.receive() is None
            except ConnectionError:
                pass
        with opened(strict_server, source="127.0.3.2"):
            pass
        streams.pop().socket.close()
        wait_until(lambda: can_open(strict_server, "127.0.3.1"), "a connection is admitted again")
    finally:
        for stream in streams:
            stream.socket.close()


def can_open(server, source):
    with Stream(server, source=source) as stream:
        try:
            return stream.connect().open() is not None
        except (AssertionError, ConnectionError):
            return False


@pytest.mark.parametrize(
    "sent",
    [
        "<message><body>" + "x" * 10_000 + "</body></message>",
        "<message>" + "<a>" * 8 + "</a>" * 8 + "</message>",
        "<message><x " + " ".join(f"a{n}=''" for n in range(9)) + "/></message>",
    ],
    ids=["size", "depth", "attributes"],
)
def test_configured_limits_hold(strict_server, sent):
    account = strict_server.add_user()
    with bound(strict_server, account, source="127.0.3.3") as stream:
        stream.send(sent)
        stream.expect_stream_error("policy-violation")


def test_just_within_the_limits_all_is_well(strict_server):
    account = strict_server.add_user()
    with bound(strict_server, account, source="127.0.3.4") as stream:
        start, end = f"<message to='{stream.jid}'><body>", "</body></message>"
        stream.send(start + "x" * (10_000 - len(start) - len(end)) + end)
        stream.expect(CLIENT + "message")
        stream.send(f"<message to='{stream.jid}'>" + "<a>" * 7 + "</a>" * 7 + "</message>")
        stream.expect(CLIENT + "message")


def test_a_stanza_without_end_is_refused_as_soon_as_it_is_too_long(strict_server):
    """Though the client goes on sending, it gets to read why."""
    account = strict_server.add_user()
    with bound(strict_server, account, source="127.0.3.5") as stream:
        stream.send("<message><body>")
        try:
            for _ in range(1000):
                stream.send("x" * 4096)
        except (ConnectionError, OSError):
            pass
        stream.expect_stream_error("policy-violation")


def test_a_slow_reader_is_cut_off_and_its_senders_go_on(strict_server):
    slow, other = strict_server.add_user(), strict_server.add_user()
    body = "x" * 9000
    with (
        bound(strict_server, slow, "slow", source="127.0.3.6", receive_buffer=4096) as reader,
        bound(strict_server, other, "sender", source="127.0.3.7") as sender,
        bound(strict_server, other, "friend", source="127.0.3.7") as friend,
    ):
        deadline = time.monotonic() + TIMEOUT
        while strict_server.sessions(slow.jid):
            assert time.monotonic() < deadline, "the slow reader is still there"
            for _ in range(50):
                sender.send(f"<message to='{reader.jid}' type='chat'><body>{body}</body></message>")
            sender.send(f"<message to='{friend.jid}'/>")
            friend.expect(CLIENT + "message")


def test_a_client_that_vanishes_in_the_middle_of_a_stanza_harms_nobody(server, romeo, juliet):
    with bound(server, juliet) as recipient:
        for _ in range(20):
            sender = bound(server, romeo)
            sender.send(f"<message to='{recipient.jid}'><body>never")
            # Closed with a reset, as by a machine that lost power and came back.
            sender.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            sender.socket.close()
        assert recipient.ping() == []


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_answered_with_an_error_or_an_end(server, seed):
    """On both ports: as XML, and as a TLS handshake."""
    noise = random.Random(seed).randbytes(2000)
    for port in (server.port, server.tls_port):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
            try:
                connection.sendall(noise)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except ConnectionError:
                pass
    with secured(server):
        pass


def test_a_handshake_that_never_ends_holds_only_itself(server):
    with socket.create_connection(("127.0.0.1", server.tls_port), TIMEOUT) as connection:
        # The beginning of a ClientHello that announces 512 bytes.
        connection.sendall(bytes.fromhex("160301020001000200"))
        with secured(server):
            pass


def test_logins_at_once_all_succeed(server):
    """As after a network outage."""
    account = server.add_user()

    def log_in(number):
        with bound(server, account, f"r{number}") as stream:
            return stream.ping()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(log_in, range(16))) == [[]] * 16


def test_a_flood_of_stanzas_is_slowed_down_not_cut_off(start):
    """XEP-0478's rate: a client that sends faster than it may is read more slowly."""
    server = start("slow", limits={"sessionBytesPerSecond": 100_000, "sessionBurstBytes": 100_000})
    account = server.add_user()
    with bound(server, account) as stream:
        stanza = f"<message to='{stream.jid}'><body>{'x' * 950}</body></message>"
        started = time.monotonic()
        for _ in range(300):
            stream.send(stanza)
        received = sum(1 for element in stream.ping() if element.tag == CLIENT + "message")
        assert received == 300
        # 300 KB less the burst are due after 2 s, and the last read is handled before it is waited for.
        assert time.monotonic() - started > 1


def test_a_password_is_in_no_log(server, romeo):
    with authenticated(server, romeo):
        pass
    with secured(server) as stream:
        stream.send(auth("PLAIN", "\0nobody\0SECRET-PASSWORD"))
        stream.expect_failure("not-authorized")
    with bound(server, romeo) as stream:
        stream.send(f"<message to='{stream.jid}'><body>SECRET-BODY</body></message>")
        stream.ping()
        stream.send("<message><body>SECRET-BROKEN</message>")
        stream.expect_stream_error("not-well-formed")
    log = server.log.read_text()
    assert "nobody" in log
    for secret in ("SECRET", romeo.password, base64.b64encode(romeo.password.encode()).decode()):
        assert secret not in log
