"""What desktop and web clients say when they log in, meet a contact and enter a room: every question gets exactly one answer.

An error is an answer, silence is none: some clients wait for each.
"""

import asyncio
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from people import people
from raw import CLIENT, bound, describe

LOGINS = sorted((Path(__file__).parent / "logins").glob("*.txt"))


def elements_of(login):
    return [line for line in login.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("login", LOGINS, ids=[login.stem for login in LOGINS])
async def test_every_question_is_answered_once(server, login):
    (account,) = server.new_accounts(1)
    async with people(server, 1, asks_for_roster=False) as (contact,):
        contact.auto_authorize, contact.auto_subscribe = True, True
        places = {"server": account.host, "account": account.jid, "contact": contact.bare, "contact_resource": contact.full}
        elements = [line.format_map(places) for line in elements_of(login)]
        # A thread of its own, since the contact has to answer meanwhile.
        asked, answers = await asyncio.to_thread(replay, server, account, elements, contact.full)
    wrong = {question: answers.count(identity) for identity, question in asked.items() if answers.count(identity) != 1}
    assert asked and wrong == {}
    # Nothing was answered that wasn't asked.
    assert set(answers) == asked.keys()


def replay(server, account, elements, contact):
    """Sends the elements as fast as it can; returns the IQ requests by id, and the ids of the answers that came."""
    asked, answers = {}, []
    with bound(server, account) as stream:
        for number, element in enumerate(elements):
            if element.startswith("<iq"):
                identity = f"{number}"
                asked[identity] = element
                stream.send(element.replace("<iq", f"<iq id='{identity}'", 1))
            elif element.startswith(("<message", "<presence")) or is_offered(stream, element):
                stream.send(element)
        # Answers of the contact take longer than the server's: two rounds by either way are behind all of them.
        for marker, to in enumerate((contact, account.host, contact, account.host)):
            stream.send(f"<iq type='get' id='marker{marker}' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>")
            while (answer := receive(stream)) is None or answer.get("id") != f"marker{marker}":
                if answer is not None:
                    answers.append(answer.get("id"))
                    check_sender(answer, asked[answer.get("id")], account)
    return asked, answers


def receive(stream):
    """The next element if it is an answer; a request is answered as clients do."""
    stanza = stream.receive()
    assert isinstance(stanza, ElementTree.Element), f"the stream ended: {describe(stanza)}"
    if stanza.tag != CLIENT + "iq":
        return None
    if stanza.get("type") in ("result", "error"):
        return stanza
    payload = f"<query xmlns='{disco}'/>" if (disco := namespace(stanza[0])).endswith("disco#info") else ""
    to = f" to='{stanza.get('from')}'" if stanza.get("from") else ""
    stream.send(f"<iq type='result' id='{stanza.get('id')}'{to}>{payload}</iq>")
    return None


def check_sender(answer, question, account):
    """Who was asked answers; for the own account nobody has to (RFC 6120 §8.1.2.1)."""
    asked = ElementTree.fromstring(question).get("to", account.jid)
    assert answer.get("from") in ([asked, None] if asked == account.jid else [asked]), f"{question}: {describe(answer)}"


def is_offered(stream, element):
    """Whether the server has the stream feature that an element is part of."""
    name = re.search(r"xmlns='([^']+)'", element)[1]
    return any(namespace(feature) == name for feature in stream.features)


def namespace(element):
    return element.tag[1:].split("}")[0]
