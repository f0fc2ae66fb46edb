"""SASL (RFC 6120 §6) with slixmpp for each mechanism, and with a SCRAM client of our own for what slixmpp doesn't do."""

import re

import pytest

from clients import TLS_1_2, TLS_1_3, LoginFailed, Slixmpp
from pki import Authority
from raw import SASL, TLS, OpenSslPipe, Scram, Stream, auth, authenticated, mechanisms, opened, secured, server_end_point
from xmppchat import free_port

SCRAM = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@pytest.fixture(scope="session")
def account(tls_server):
    return tls_server.add_user()


@pytest.mark.parametrize("direct", [False, True], ids=["starttls", "direct-tls"])
@pytest.mark.parametrize("tls", [TLS_1_2, TLS_1_3], ids=["tls1.2", "tls1.3"])
@pytest.mark.parametrize("mechanism", [*SCRAM, "PLAIN"])
async def test_slixmpp_logs_in(tls_server, account, mechanism, tls, direct):
    async with Slixmpp(tls_server, account, mechanism=mechanism, tls=tls, direct=direct) as client:
        assert client.boundjid.bare == account.jid
        assert not client.failures


@pytest.mark.parametrize("mechanism", SCRAM)
async def test_slixmpp_binds_the_channel_by_tls_unique(server, romeo, mechanism):
    """slixmpp knows no other type; TLS 1.3 has no tls-unique, and the SslStream engine none that is safe to offer."""
    async with Slixmpp(server, romeo, mechanism=f"{mechanism}-PLUS", tls=TLS_1_2) as client:
        assert not client.failures


@pytest.mark.parametrize("tls", [TLS_1_2, TLS_1_3], ids=["tls1.2", "tls1.3"])
async def test_slixmpp_as_it_comes_finds_a_way_in(tls_server, account, tls):
    async with Slixmpp(tls_server, account, tls=tls) as client:
        assert client.boundjid.bare == account.jid


@pytest.mark.parametrize("mechanism", [f"{mechanism}-PLUS" for mechanism in SCRAM])
@pytest.mark.parametrize("tls", [TLS_1_2, TLS_1_3], ids=["tls1.2", "tls1.3"])
def test_the_channel_can_be_bound_by_tls_server_end_point(tls_server, account, mechanism, tls):
    with opened(tls_server) as stream:
        features = stream.start_tls(version=tls)
        assert mechanism in mechanisms(features)
        Scram(stream, mechanism, account.local, account.password, server_end_point(stream)).succeed()


@pytest.mark.parametrize("mechanism", [f"{mechanism}-PLUS" for mechanism in SCRAM])
def test_the_channel_can_be_bound_by_tls_exporter(server, romeo, mechanism):
    with Stream(server) as stream:
        stream.socket.close()
        stream.socket = OpenSslPipe(server)
        assert mechanism in mechanisms(stream.open())
        Scram(stream, mechanism, romeo.local, romeo.password, ("tls-exporter", stream.socket.exporter)).succeed()


@pytest.mark.parametrize(
    "binding",
    [("tls-server-end-point", b"\0" * 32), ("tls-unique", b"\0" * 12), ("tls-exporter", b"\0" * 32), "y"],
    ids=["wrong data", "tls-unique on TLS 1.3", "wrong exporter", "claims that no -PLUS was offered"],
)
def test_what_a_man_in_the_middle_would_cause_is_refused(tls_server, account, binding):
    with opened(tls_server) as stream:
        stream.start_tls(version=TLS_1_3)
        mechanism = "SCRAM-SHA-256" if binding == "y" else "SCRAM-SHA-256-PLUS"
        exchange = Scram(stream, mechanism, account.local, account.password, binding)
        answer = exchange.start()
        if answer.tag == SASL + "challenge":
            exchange.finish(answer)
            answer = stream.receive()
        assert answer.tag == SASL + "failure" and answer.find(SASL + "not-authorized") is not None


@pytest.mark.parametrize("direct", [False, True], ids=["starttls", "direct-tls"])
async def test_a_client_certificate_logs_in_by_external(tls_server, account, authority, direct):
    certificate = authority.issue(f"{tls_server.engine}-{account.local}", account.jid)
    async with Slixmpp(tls_server, account, mechanism="EXTERNAL", certificate=certificate, direct=direct) as client:
        assert client.boundjid.bare == account.jid


def test_external_needs_a_certificate_that_names_an_account(tls_server, account, authority, tmp_path):
    with secured(tls_server) as stream:
        stream.send(auth("EXTERNAL", ""))
        stream.expect_failure("invalid-mechanism")
    with opened(tls_server) as stream:
        stranger = Authority(tmp_path).issue("stranger", account.jid)
        assert "EXTERNAL" not in mechanisms(stream.start_tls(certificate=stranger))
    with opened(tls_server) as stream:
        stream.start_tls(certificate=authority.issue(f"{tls_server.engine}-nobody", "nobody@elsewhere.example"))
        stream.send(auth("EXTERNAL", ""))
        assert stream.receive().tag == SASL + "failure"


async def test_anonymous_logs_in_where_it_is_configured(server, romeo):
    async with Slixmpp(server, romeo, mechanism="ANONYMOUS") as client:
        assert client.boundjid.bare != romeo.jid
        assert client.boundjid.host == "localhost"


def test_anonymous_is_not_offered_unless_configured(strict_server):
    with secured(strict_server, source="127.0.1.1") as stream:
        stream.send(auth("ANONYMOUS"))
        stream.expect_failure("invalid-mechanism")


def test_the_mechanisms_come_best_first_and_fit_the_connection(server):
    with opened(server) as stream:
        assert mechanisms(stream.start_tls()) == [
            "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "tls, types",
    [(TLS_1_2, ["tls-unique", "tls-server-end-point"]), (TLS_1_3, ["tls-exporter", "tls-server-end-point"])],
    ids=["tls1.2", "tls1.3"],
)
def test_the_types_of_channel_binding_are_told(server, tls, types):
    """XEP-0440. TLS 1.3 has no tls-unique, and the exporter of TLS 1.2 is safe only with the extended master secret (RFC 9266)."""
    with opened(server) as stream:
        features = stream.start_tls(version=tls)
        told = [item.get("type") for item in features.iter("{urn:xmpp:sasl-cb:0}channel-binding")]
        assert set(types) <= set(told)
        assert tls == TLS_1_2 or "tls-unique" not in told


def test_a_listener_without_tls_is_warned_about_and_takes_no_plain_password(start):
    port = free_port()
    server = start("clear", listeners=[{"address": "127.0.0.1", "port": port, "tls": "none"}])
    server.port = port
    account = server.add_user()
    assert re.search(r" warn .*TLS", server.log.read_text())
    with Stream(server).connect() as stream:
        features = stream.open()
        assert mechanisms(features) == ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"]
        assert features.find(TLS + "starttls") is None
        Scram(stream, "SCRAM-SHA-256", account.local, account.password).succeed()


@pytest.mark.parametrize("mechanism", [*SCRAM, "PLAIN"])
async def test_a_wrong_password_is_not_authorized(server, romeo, mechanism):
    wrong = type(romeo)(romeo.jid, "wrong")
    with pytest.raises(LoginFailed) as failure:
        async with Slixmpp(server, wrong, mechanism=mechanism):
            pass
    assert failure.value.conditions == ["not-authorized"]


@pytest.mark.parametrize("mechanism", SCRAM)
def test_an_unknown_user_is_answered_like_one_with_a_wrong_password(server, mechanism):
    account = server.add_user()
    with secured(server) as stream:
        answers = {}
        for user in (account.local, "nobody"):
            asked = []
            for _ in range(2):
                exchange = Scram(stream, mechanism, user, "wrong")
                challenge = exchange.finish(exchange.start())
                failure = stream.expect_failure("not-authorized")
                asked.append((challenge["s"], challenge["i"]))
            assert asked[0] == asked[1], "the salt of an account doesn't change from try to try, nor may that of none"
            answers[user] = (len(asked[0][0]), asked[0][1], list(challenge), len(failure))
        assert answers[account.local] == answers["nobody"]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN"])
async def test_a_disabled_account_may_not_log_in_until_it_is_enabled(server, mechanism):
    account = server.add_user()
    server.ctl("user", "disable", account.jid)
    with pytest.raises(LoginFailed) as failure:
        async with Slixmpp(server, account, mechanism=mechanism):
            pass
    assert failure.value.conditions == ["account-disabled"]
    server.ctl("user", "enable", account.jid)
    async with Slixmpp(server, account, mechanism=mechanism):
        pass


def test_before_tls_no_mechanism_is_offered_and_plain_is_refused(server, romeo):
    with Stream(server).connect() as stream:
        features = stream.open()
        assert mechanisms(features) == []
        assert features.find(TLS + "starttls").find(TLS + "required") is not None
        stream.send(auth("PLAIN", f"\0{romeo.local}\0{romeo.password}"))
        stream.expect_failure("encryption-required")


@pytest.mark.parametrize(
    "sent, condition",
    [
        (auth("LOGIN"), "invalid-mechanism"),
        (auth("PLAIN", b"no separators"), "malformed-request"),
                ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>not base64</auth>", "incorrect-encoding"),
        (auth("SCRAM-SHA-1", "n,,m=reserved,n=romeo,r=x"), "malformed-request"),
        ("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "malformed-request"),
        ("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "aborted"),
    ],
)
def test_a_bad_exchange_fails_with_its_condition_and_may_be_tried_again(server, romeo, sent, condition):
    with secured(server) as stream:
        stream.send(sent)
        stream.expect_failure(condition)
        stream.authenticate(romeo)


def test_one_account_cannot_act_as_another(server, romeo, juliet):
    with secured(server) as stream:
        stream.send(auth("PLAIN", f"{juliet.jid}\0{romeo.local}\0{romeo.password}"))
        stream.expect_failure("invalid-authzid")


def test_an_account_belongs_to_its_host(server, romeo):
    with Stream(server).connect() as stream:
        stream.open("other.example")
        stream.start_tls()
        stream.send(auth("PLAIN", f"\0{romeo.local}\0{romeo.password}"))
        stream.expect_failure("not-authorized")


def test_an_account_is_closed_to_guessing_for_a_while(strict_server):
    """And only that account, which no other address can log in to either."""
    victim, other = strict_server.add_user(), strict_server.add_user()
    for _ in range(3):
        with secured(strict_server, source="127.0.1.2") as stream:
            stream.send(auth("PLAIN", f"\0{victim.local}\0wrong"))
            stream.expect_failure("not-authorized")
    with secured(strict_server, source="127.0.1.3") as stream:
        stream.send(auth("PLAIN", f"\0{victim.local}\0{victim.password}"))
        assert stream.receive().tag == SASL + "failure"
    with authenticated(strict_server, other, source="127.0.1.3"):
        pass


def test_an_address_that_guesses_is_shut_out_for_a_while(strict_server):
    account = strict_server.add_user()
    for number in range(6):
        with secured(strict_server, source="127.0.1.4") as stream:
            stream.send(auth("PLAIN", f"\0guess{number}\0wrong"))
            stream.expect_failure("not-authorized")
    with secured(strict_server, source="127.0.1.4") as stream:
        stream.send(auth("PLAIN", f"\0{account.local}\0{account.password}"))
        assert stream.receive().tag == SASL + "failure"
    with authenticated(strict_server, account, source="127.0.1.5"):
        pass
