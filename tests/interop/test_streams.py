"""XML streams (RFC 6120 §4): every stream error that a client can provoke, and how streams begin and end.

Not in the table, since no client can cause them here: bad-namespace-prefix (every prefix is understood), reset,
resource-constraint (a connection too many is closed unheard), see-other-host, internal-server-error,
remote-connection-failed, unsupported-feature. conflict is in test_binding.py;
connection-timeout and policy-violation by narrow limits in test_hostile.py; host-gone and system-shutdown in
test_operation.py.
"""

import socket

import pytest

from raw import HEADER, TLS, Scram, Stream, auth, authenticated, bound, opened, secured, server_end_point

STREAM_NS = "xmlns:stream='http://etherx.jabber.org/streams'"
GOOD = HEADER.format(to="localhost")
BEFORE_HEADER, CLEAR, SECURED, AUTHENTICATED, BOUND = "before the header", "in clear", "in TLS", "authenticated", "bound"

# What is sent at what stage, and the condition that it ends the stream with.
ERRORS = [
    (BEFORE_HEADER, f"<stream:stream xmlns='jabber:client' {STREAM_NS} version='1.0' to='localhost'/>", "bad-format"),
    (BEFORE_HEADER, f"<stream:features xmlns='jabber:client' {STREAM_NS} version='1.0' to='localhost'>", "bad-format"),
    (BOUND, "text between stanzas", "bad-format"),
    (BOUND, "<![CDATA[text between stanzas]]>", "bad-format"),
    (BEFORE_HEADER, HEADER.format(to="elsewhere.example"), "host-unknown"),
    (BEFORE_HEADER, GOOD.replace(" to='localhost'", ""), "improper-addressing"),
    (BEFORE_HEADER, HEADER.format(to="not an address"), "improper-addressing"),
    (BOUND, "<message from='juliet@localhost' to='{jid}'/>", "invalid-from"),
    (BOUND, "<message from='{jid}-other' to='{jid}'/>", "invalid-from"),
    (BOUND, "<presence from='@'/>", "invalid-from"),
    (BEFORE_HEADER, GOOD.replace("etherx", "example"), "invalid-namespace"),
    (BEFORE_HEADER, GOOD.replace("jabber:client", "jabber:server"), "invalid-namespace"),
    (BEFORE_HEADER, GOOD.replace("xmlns='jabber:client'", ""), "invalid-namespace"),
    (BOUND, "<message xml:space='sometimes'/>", "invalid-xml"),
    (CLEAR, "<presence/>", "not-authorized"),
    (SECURED, "<message to='romeo@localhost'><body>Hi</body></message>", "not-authorized"),
    (SECURED, "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "not-authorized"),
    (AUTHENTICATED, "<message to='romeo@localhost'><body>Hi</body></message>", "not-authorized"),
    (BEFORE_HEADER, "GET / HTTP/1.1\r\n\r\n", "not-well-formed"),
    (CLEAR, "<a></b>", "not-well-formed"),
    (BOUND, "<message><body>overlap</message></body>", "not-well-formed"),
    (BOUND, "<message id='1' id='2'/>", "not-well-formed"),
    (BOUND, "<message xmlns:a='x' xmlns:b='x' a:id='1' b:id='2'/>", "not-well-formed"),
    (BOUND, "<message><unbound:x/></message>", "not-well-formed"),
    (BOUND, "<message id=1/>", "not-well-formed"),
    (BOUND, "<message id='<'/>", "not-well-formed"),
    (BOUND, "<message><body>a & b</body></message>", "not-well-formed"),
    (BOUND, "<message><body>]]></body></message>", "not-well-formed"),
    (BOUND, "<message><body>\x01</body></message>", "not-well-formed"),
    (BOUND, "<message><body>&#0;</body></message>", "not-well-formed"),
    (BOUND, "<message><body>\ufffe</body></message>", "not-well-formed"),
    (BOUND, "<1message/>", "not-well-formed"),
    (BOUND, "<?xml version='1.0'?>", "not-well-formed"),
    (BOUND, "<message xmlns:xml='urn:other'/>", "not-well-formed"),
    (CLEAR, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>" + "x" * 20_000, "policy-violation"),
    (SECURED, auth("PLAIN", "x" * 20_000), "policy-violation"),
    (BOUND, "<message><body>" + "x" * 300_000, "policy-violation"),
    (BOUND, "<message><body " + " ".join(f"a{n}=''" for n in range(100)) + "/></message>", "policy-violation"),
    (BOUND, "<message>" + "<a>" * 200 + "</a>" * 200 + "</message>", "policy-violation"),
    (BOUND, "<message>" + "<a/>" * 20_000 + "</message>", "policy-violation"),
    (BEFORE_HEADER, "<!DOCTYPE stream [<!ENTITY lol 'lol'>]>", "restricted-xml"),
    (BEFORE_HEADER, "<?php ?>", "restricted-xml"),
    (CLEAR, "<!-- comment -->", "restricted-xml"),
    (BOUND, "<message><!-- comment --></message>", "restricted-xml"),
    (BOUND, "<message><?target instruction?></message>", "restricted-xml"),
    (BOUND, "<message><body>&entity;</body></message>", "restricted-xml"),
    (BEFORE_HEADER, GOOD.encode("utf-16"), "unsupported-encoding"),
    (BEFORE_HEADER, "<?xml version='1.0' encoding='iso-8859-1'?>", "unsupported-encoding"),
    (BOUND, b"<message><body>\xc3\x28</body></message>", "unsupported-encoding"),
    (BOUND, b"<message><body>\xed\xa0\x80</body></message>", "unsupported-encoding"),
    (CLEAR, "<unknown xmlns='urn:example'/>", "unsupported-stanza-type"),
    (BOUND, "<unknown/>", "unsupported-stanza-type"),
    (BOUND, "<message xmlns='jabber:server'/>", "unsupported-stanza-type"),
    (BEFORE_HEADER, GOOD.replace(" version='1.0' to", " to"), "unsupported-version"),
    (BEFORE_HEADER, GOOD.replace(" version='1.0' to", " version='0.9' to"), "unsupported-version"),
]


def at(stage, server, account):
    """A stream that has come as far as this."""
    match stage:
        case "before the header":
            return Stream(server).connect()
        case "in clear":
            return opened(server)
        case "in TLS":
            return secured(server)
        case "authenticated":
            return authenticated(server, account)
        case "bound":
            return bound(server, account)


def name(case):
    stage, sent, condition = case
    shown = sent if isinstance(sent, str) else repr(sent)
    return f"{condition}-{stage}-{shown[:48].strip()}"


@pytest.mark.parametrize("stage, sent, condition", ERRORS, ids=map(name, ERRORS))
def test_what_is_wrong_ends_the_stream_with_its_condition(server, romeo, stage, sent, condition):
    with at(stage, server, romeo) as stream:
        if isinstance(sent, str) and "{jid}" in sent:
            sent = sent.format(jid=stream.jid)
        stream.send(sent)
        stream.expect_stream_error(condition)
        assert stream.header["version"] == "1.0" and stream.header["from"] == "localhost" and stream.header["id"]


def test_too_many_wrong_passwords_end_the_stream(server):
    with secured(server) as stream:
        for number in range(6):
            stream.send(auth("PLAIN", f"\0nobody{number}\0wrong"))
            stream.expect_failure("not-authorized")
        stream.expect_stream_error("policy-violation")


def test_each_stream_has_an_id_of_its_own(server, romeo):
    ids = set()
    for _ in range(3):
        with Stream(server).connect() as stream:
            stream.open()
            ids.add(stream.header["id"])
            stream.start_tls()
            ids.add(stream.header["id"])
            stream.authenticate(romeo)
            ids.add(stream.header["id"])
    assert len(ids) == 9


def test_the_header_answers_the_clients_header(server):
    with Stream(server).connect() as stream:
        header = HEADER.replace("to='{to}'", "to='other.example' from='romeo@other.example' xml:lang='de'")
        stream.send(header)
        stream.receive()
        assert stream.header["from"] == "other.example"
        assert stream.header["to"] == "romeo@other.example"
        assert "{http://www.w3.org/XML/1998/namespace}lang" in stream.header


@pytest.mark.parametrize("stage", [CLEAR, SECURED, AUTHENTICATED, BOUND])
def test_a_stream_that_the_client_closes_is_closed_in_return(server, romeo, stage):
    with at(stage, server, romeo) as stream:
        stream.send("</stream:stream>")
        stream.expect_end()


def test_what_was_sent_before_the_close_is_handled(server, romeo):
    with bound(server, romeo) as stream:
        stream.send(f"<message to='{stream.jid}' id='last'/></stream:stream>")
        stream.expect("{jabber:client}message", id="last")
        stream.expect_end()


def test_bytes_behind_starttls_end_the_stream_before_tls(server, romeo):
    """An attacker on the path could have put them there (RFC 6120 §5.4.3.3, CVE-2011-0411)."""
    with opened(server) as stream:
        stream.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><presence/>")
        answer = stream.receive()
        if answer.tag == TLS + "proceed":
            stream.expect_stream_error("policy-violation")
        else:
            assert answer.tag.endswith("error")


def test_starttls_in_tls_fails(server):
    with secured(server) as stream:
        stream.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        stream.expect(TLS + "failure")
        stream.expect_end()


def test_nothing_that_was_said_before_tls_counts_in_it(server):
    with Stream(server).connect() as stream:
        stream.open("other.example")
        stream.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        stream.expect(TLS + "proceed")
        stream.wrap()
        stream.open("localhost")
        assert stream.header["from"] == "localhost"


def test_after_login_the_stream_stays_with_its_host(server, romeo):
    with secured(server) as stream:
        stream.send(auth("PLAIN", f"\0{romeo.local}\0{romeo.password}"))
        stream.receive()
        stream.restart()
        stream.send(HEADER.format(to="other.example"))
        stream.expect_stream_error("host-unknown")


def test_a_whole_login_may_come_one_byte_at_a_time(server, romeo):
    class Dribble(Stream):
        def send(self, data):
            for byte in data.encode() if isinstance(data, str) else data:
                self.socket.sendall(bytes([byte]))

    with Dribble(server).connect() as stream:
        stream.open()
        stream.start_tls()
        Scram(stream, "SCRAM-SHA-256-PLUS", romeo.local, romeo.password, server_end_point(stream)).succeed()
        stream.open()
        jid = stream.bind()
        stream.send(f"<message to='{jid}'><body>żółw 🐢 &amp; &#x1f422;</body></message>")
        assert stream.expect("{jabber:client}message").findtext("{jabber:client}body") == "żółw 🐢 & 🐢"


def test_many_stanzas_may_come_in_one_segment_and_stay_in_order(server, romeo):
    with bound(server, romeo) as stream:
        stream.send("".join(f"<message to='{stream.jid}' id='{number}'/>" for number in range(1000)))
        assert [stream.receive().get("id") for _ in range(1000)] == [str(number) for number in range(1000)]


def test_a_client_need_not_wait_for_answers_after_login(server, romeo):
    """Everything from the header on in one piece, as clients with pipelining send it."""
    with secured(server) as stream:
        stream.send(auth("PLAIN", f"\0{romeo.local}\0{romeo.password}"))
        stream.receive()
        stream.restart()
        stream.send(
            GOOD
            + "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
            + "<iq type='get' id='ping' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
        )
        stream.receive()
        stream.expect("{jabber:client}iq", id="bind", type="result")
        stream.expect("{jabber:client}iq", id="ping", type="result")


@pytest.mark.parametrize("keep_alive", [" ", "\n", " \t\r\n" * 1000])
def test_white_space_between_stanzas_is_a_keep_alive(server, romeo, keep_alive):
    with bound(server, romeo) as stream:
        stream.send(keep_alive)
        assert stream.ping() == []
        stream.send(keep_alive + f"<message to='{stream.jid}' id='1'/>" + keep_alive)
        assert [stanza.get("id") for stanza in stream.ping()] == ["1"]


def test_a_prefix_of_the_clients_choice_is_understood(server, romeo):
    """RFC 6120 §4.8.5 recommends "stream", and no prefix for stanzas; recipients get what is well-formed in their own streams."""
    with secured(server) as stream:
        stream.send(auth("PLAIN", f"\0{romeo.local}\0{romeo.password}"))
        stream.receive()
        stream.restart()
        stream.send(
            "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client' xmlns:c='jabber:client' xmlns:x='urn:x'"
            " version='1.0' to='localhost'>"
        )
        stream.receive()
        jid = stream.bind()
        with bound(server, romeo) as other:
            stream.send(f"<c:message to='{other.jid}'><c:body>Hi</c:body><x:y x:z='1'/></c:message>")
            message = other.expect("{jabber:client}message", **{"from": jid})
            assert message.findtext("{jabber:client}body") == "Hi"
            assert message.find("{urn:x}y").get("{urn:x}z") == "1"


@pytest.mark.parametrize("stage", [BEFORE_HEADER, CLEAR, SECURED, BOUND])
def test_a_connection_that_the_client_half_closes_is_closed(server, romeo, stage):
    with at(stage, server, romeo) as stream:
        stream.socket.shutdown(socket.SHUT_WR)
        while stream.socket.recv(65536):
            pass
