"""Running it: reload, shutdown, crashes, and what the operator sees."""

import concurrent.futures
import json
import signal

import pytest

from clients import Slixmpp
from raw import Stream, authenticated, bound, opened, secured
from xmppchat import Server, wait_until


@pytest.fixture
def own_server(request, tmp_path):
    """A server for one test, which may do with it what it likes."""
    server = Server(request.node.originalname, tmp_path)
    try:
        yield server.start()
        server.stop()
    finally:
        server.kill()


def serves(server, host):
    with Stream(server).connect() as stream:
        try:
            stream.open(host)
            return True
        except AssertionError:
            return False


def by_xmppctl(server):
    server.ctl("reload")


def by_signal(server):
    server.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("reload", [by_xmppctl, by_signal])
def test_a_reload_applies_what_changed_and_ends_no_session(own_server, reload):
    here, there = own_server.add_user(), own_server.add_user(host="other.example")
    with bound(own_server, here) as stays, bound(own_server, there) as goes, secured(own_server) as new:
        own_server.options["hosts"] = ["localhost", "new.example"]
        own_server.write_config()
        reload(own_server)
        goes.expect_stream_error("host-gone")
        wait_until(lambda: serves(own_server, "new.example"), "the new host is served")
        assert not serves(own_server, "other.example")
        assert stays.ping() == []
        new.authenticate(here)
        new.bind()


def test_a_reload_replaces_certificates(own_server):
    def certificate():
        with secured(own_server) as stream:
            return stream.socket.getpeercert(binary_form=True)

    account = own_server.add_user()
    old = certificate()
    with bound(own_server, account) as session:
        for suffix in (".crt", ".key"):
            (own_server.directory / "certs" / f"localhost{suffix}").unlink()
        own_server.ctl("reload")
        assert certificate() != old
        assert session.ping() == []


def test_a_reload_of_nonsense_changes_nothing(own_server):
    account = own_server.add_user()
    with bound(own_server, account) as session:
        good = own_server.config.read_text()
        own_server.config.write_text('{ "hosts": ["localhost"], "listneers": [] }')
        said = own_server.ctl("reload", check=False)
        own_server.config.write_text(good)
        assert "Reloaded" not in said
        assert session.ping() == []
        assert serves(own_server, "other.example")


def test_a_start_with_nonsense_fails_and_says_what_is_wrong(tmp_path):
    server = Server("nonsense", tmp_path, listneers=[])
    with pytest.raises(AssertionError, match="listneers"):
        server.start()


def test_sigterm_takes_leave_of_every_client(own_server):
    account = own_server.add_user()
    with (
        bound(own_server, account) as session,
        authenticated(own_server, account) as unbound,
        secured(own_server) as stranger,
        opened(own_server) as clear,
        Stream(own_server).connect() as silent,
    ):
        # It is served, not only in the queue of the kernel.
        assert session.ping() == []
        own_server.terminate()
        for stream in (session, unbound, stranger, clear, silent):
            stream.expect_stream_error("system-shutdown")
        own_server.expect_end()


def test_every_account_that_was_acknowledged_survives_kill_9(own_server):
    acknowledged = []

    def add(number):
        acknowledged.append(own_server.add_user(name=f"victim{number}"))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(add, number) for number in range(8)]
        wait_until(lambda: len(acknowledged) >= 3, "three accounts are acknowledged")
        own_server.kill()
        survivors = list(acknowledged)
        # Those that were on their way may fail, or go to the file.
        concurrent.futures.wait(adding)

    own_server.start()
    listed = {account["jid"] for account in json.loads(own_server.ctl("user", "list", "localhost", "--json"))}
    assert {account.jid for account in survivors} <= listed
    for account in survivors:
        with authenticated(own_server, account):
            pass


async def test_a_client_that_was_logged_in_comes_back_after_a_crash(own_server):
    account = own_server.add_user()
    async with Slixmpp(own_server, account, resource="home") as client:
        own_server.kill()
        await client.is_over.wait()
    own_server.start()
    async with Slixmpp(own_server, account, resource="home") as client:
        await client["xep_0199"].ping("localhost")


def test_the_operator_can_end_sessions(own_server):
    account = own_server.add_user()
    with bound(own_server, account, "one") as one, bound(own_server, account, "two") as two:
        own_server.ctl("session", "kick", one.jid)
        assert one.receive() is not None
        assert own_server.sessions("localhost") == [two.jid]
        own_server.ctl("user", "disable", account.jid)
        assert two.receive() is not None
        assert own_server.sessions("localhost") == []


def test_a_changed_password_ends_sessions_and_holds(own_server):
    account = own_server.add_user()
    with bound(own_server, account) as stream:
        own_server.ctl("user", "passwd", account.jid, "--password-stdin", stdin="new\n")
        assert stream.receive() is not None
    with authenticated(own_server, type(account)(account.jid, "new")):
        pass


def test_the_operator_sees_how_the_server_is(own_server):
    account = own_server.add_user()
    with bound(own_server, account):
        status = json.loads(own_server.ctl("status", "--json"))
        assert status["sessions"] == 1 and status["store"]["healthy"]
        assert {listener["port"] for listener in status["listeners"]} == {own_server.port, own_server.tls_port}
    own_server.ctl("check")
