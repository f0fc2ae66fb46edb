"""Stanzas (RFC 6120 §8, §10; RFC 6121 §8.5): what is delivered to whom, and what is answered with which error."""

import pytest

from raw import CLIENT, bound

PING = "<ping xmlns='urn:xmpp:ping'/>"

# An IQ, and the condition and type of the error that answers it.
IQ_ERRORS = [
    ("<iq type='get' id='1' to='localhost'/>", "bad-request", "modify"),
    (f"<iq type='get' id='1' to='localhost'>{PING}{PING}</iq>", "bad-request", "modify"),
    (f"<iq type='fetch' id='1' to='localhost'>{PING}</iq>", "bad-request", "modify"),
    (f"<iq id='1' to='localhost'>{PING}</iq>", "bad-request", "modify"),
    (f"<iq type='get' to='localhost'>{PING}</iq>", "bad-request", "modify"),
    (f"<iq type='get' id='1' to='@localhost'>{PING}</iq>", "jid-malformed", "modify"),
    (f"<iq type='get' id='1' to='a@b@c'>{PING}</iq>", "jid-malformed", "modify"),
    (f"<iq type='get' id='1' to='localhost/'>{PING}</iq>", "jid-malformed", "modify"),
    (f"<iq type='get' id='1' to='{'x' * 1100}@localhost'>{PING}</iq>", "jid-malformed", "modify"),
    ("<iq type='get' id='1' to='localhost'><query xmlns='urn:example:unknown'/></iq>", "service-unavailable", "cancel"),
    ("<iq type='set' id='1'><query xmlns='urn:example:unknown'/></iq>", "service-unavailable", "cancel"),
    (f"<iq type='set' id='1' to='localhost'>{PING}</iq>", "service-unavailable", "cancel"),
    (f"<iq type='get' id='1' to='nobody@localhost'>{PING}</iq>", "service-unavailable", "cancel"),
    (f"<iq type='get' id='1' to='nobody@localhost/none'>{PING}</iq>", "service-unavailable", "cancel"),
    (f"<iq type='get' id='1' to='localhost/none'>{PING}</iq>", "service-unavailable", "cancel"),
    (f"<iq type='get' id='1' to='elsewhere.example'>{PING}</iq>", "remote-server-not-found", "cancel"),
    (f"<iq type='get' id='1' to='user@elsewhere.example/x'>{PING}</iq>", "remote-server-not-found", "cancel"),
]

MESSAGE_ERRORS = [
    ("to='@'", "jid-malformed", "modify"),
    ("to='user@elsewhere.example'", "remote-server-not-found", "cancel"),
    ("to='nobody@localhost/none'", "service-unavailable", "cancel"),
    ("to='nobody@localhost' type='groupchat'", "service-unavailable", "cancel"),
    ("to='localhost' type='chat'", "service-unavailable", "cancel"),
]

# Stanzas that are never answered.
SILENT = [
    "<message to='nobody@localhost' type='error'/>",
    "<message to='nobody@localhost' type='headline'/>",
    # RFC 6121 §8.5.1: as if somebody was there and away, for whom it would wait.
    "<message to='nobody@localhost'><body/></message>",
    "<message to='nobody@localhost' type='chat'><body/></message>",
    "<message to='nobody@localhost/none' type='chat'><body/></message>",
    "<message to='user@elsewhere.example' type='error'/>",
    "<iq type='result' id='1' to='localhost'/>",
    "<iq type='error' id='1' to='nobody@localhost/none'/>",
    "<iq type='result' id='1' to='elsewhere.example'/>",
    "<presence to='nobody@localhost'/>",
    "<presence to='nobody@localhost/none' type='unavailable'/>",
]


@pytest.fixture(scope="module")
def stream(server, romeo):
    """One session for all: an error in a stanza leaves the stream as it is, which each test proves for the one before it."""
    with bound(server, romeo) as stream:
        yield stream


@pytest.mark.parametrize("stanza, condition, kind", IQ_ERRORS)
def test_an_iq_that_is_wrong_is_answered_with_its_error(stream, stanza, condition, kind):
    stream.send(stanza)
    error = stream.expect_stanza_error(condition, kind)
    assert error.get("id") == ("1" if "id='1'" in stanza else None)
    assert error.get("to") == stream.jid
    assert stream.ping() == []


@pytest.mark.parametrize("attributes, condition, kind", MESSAGE_ERRORS)
def test_a_message_that_reaches_nobody_is_answered_with_its_error(stream, attributes, condition, kind):
    stream.send(f"<message id='1' {attributes}><body>Hi</body></message>")
    error = stream.expect_stanza_error(condition, kind, name="message", id="1", to=stream.jid)
    assert error.get("from") is None or f"'{error.get('from')}'" in attributes
    assert stream.ping() == []


@pytest.mark.parametrize("stanza", SILENT)
def test_an_answer_is_never_answered_nor_what_wants_none(stream, stanza):
    stream.send(stanza)
    assert stream.ping() == []


def test_a_message_for_an_account_that_is_offline_waits(stream, server):
    offline = server.add_user()
    stream.send(f"<message to='{offline.jid}' type='chat'><body>Hi</body></message>")
    assert stream.ping() == []


def test_from_is_the_servers_to_write(server, romeo, juliet):
    with bound(server, romeo) as sender, bound(server, juliet) as recipient:
        for said in ("", f"from='{sender.jid}'", f"from='{romeo.jid}'"):
            sender.send(f"<message {said} to='{recipient.jid}'/>")
            recipient.expect(CLIENT + "message", **{"from": sender.jid, "to": recipient.jid})


def test_a_message_arrives_as_it_was_sent(server, romeo, juliet):
    with bound(server, romeo) as sender, bound(server, juliet) as recipient:
        sender.send(
            f"<message to='{recipient.jid}' type='chat' id='&lt;&apos;&quot;&#x9;' xml:lang='de'>"
            "<body>Grüße &amp; <![CDATA[<Küsse>]]></body><x xmlns='urn:x' xmlns:y='urn:y' y:a=\"'\"><y:z/>tail</x></message>"
        )
        message = recipient.expect(CLIENT + "message", id="<'\"\t", type="chat")
        assert message.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
        assert message.findtext(CLIENT + "body") == "Grüße & <Küsse>"
        extension = message.find("{urn:x}x")
        assert extension.get("{urn:y}a") == "'" and extension[0].tag == "{urn:y}z" and extension[0].tail == "tail"


def test_a_message_to_a_bare_jid_reaches_every_available_resource_but_those_with_negative_priority(server, romeo):
    account = server.add_user()
    with (
        bound(server, romeo) as sender,
        bound(server, account, "balcony") as balcony,
        bound(server, account, "phone") as phone,
        bound(server, account, "bot") as bot,
        bound(server, account, "silent") as silent,
    ):
        for stream, priority in ((balcony, 0), (phone, 5), (bot, -1)):
            stream.send(f"<presence><priority>{priority}</priority></presence>")
            stream.ping()
        sender.send(f"<message to='{account.jid}' type='chat' id='all'/>")
        sender.ping()
        for stream, expected in ((balcony, ["all"]), (phone, ["all"]), (bot, []), (silent, [])):
            assert [stanza.get("id") for stanza in stream.ping() if stanza.tag == CLIENT + "message"] == expected

        sender.send(f"<message to='{account.jid}/bot' type='chat' id='one'/>")
        sender.ping()
        assert [stanza.get("id") for stanza in bot.ping() if stanza.tag == CLIENT + "message"] == ["one"]


def test_iqs_pass_between_resources_and_back(server, romeo, juliet):
    with bound(server, romeo) as asking, bound(server, juliet) as answering:
        # RFC 6121 §8.5.3.1: who shares no presence is asked nothing.
        asking.send(f"<iq type='get' id='q0' to='{answering.jid}'><query xmlns='urn:example'/></iq>")
        asking.expect_stanza_error("service-unavailable", name="iq", id="q0")
        answering.send(f"<presence to='{asking.jid}'/>")
        asking.expect(CLIENT + "presence", **{"from": answering.jid})
        asking.send(f"<iq type='get' id='q1' to='{answering.jid}'><query xmlns='urn:example'/></iq>")
        answering.expect(CLIENT + "iq", type="get", id="q1", **{"from": asking.jid})
        answering.send(f"<iq type='result' id='q1' to='{asking.jid}'><query xmlns='urn:example'>42</query></iq>")
        assert asking.expect(CLIENT + "iq", type="result", id="q1", **{"from": answering.jid})[0].text == "42"


def test_addresses_are_compared_as_rfc_7622_prepares_them(server, romeo, juliet):
    with bound(server, romeo) as sender, bound(server, juliet, "Balcony") as recipient:
        sender.send(f"<message to='{juliet.local.upper()}@LOCALHOST/Balcony' id='1'/>")
        recipient.expect(CLIENT + "message", id="1")
        sender.send(f"<message to='{juliet.jid}/balcony' id='2'/>")
        sender.expect_stanza_error("service-unavailable", name="message", id="2")


def test_hosts_of_the_same_server_reach_each_other(server, romeo):
    account = server.add_user(host="other.example")
    with bound(server, romeo) as one, bound(server, account) as other:
        one.send(f"<message to='{other.jid}' id='1'/>")
        other.expect(CLIENT + "message", id="1", **{"from": one.jid})
        other.send(f"<message to='{one.jid}' id='2'/>")
        one.expect(CLIENT + "message", id="2", **{"from": other.jid})
